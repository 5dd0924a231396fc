-- The candles that the ticks of one symbol in [start, stop) make.
SELECT
    minute, first_trade, last_trade, trades, open, high, low, close, volume,
    quote_volume, taker_buy_volume, taker_buy_quote_volume
FROM prices_minutes(
    ARRAY[%(symbol)s::smallint], ARRAY[%(start)s::timestamptz],
    ARRAY[%(stop)s::timestamptz - interval '1 microsecond'],
    ARRAY[0::bigint],
    ARRAY[9223372036854775807]
)
