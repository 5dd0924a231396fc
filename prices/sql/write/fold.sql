-- Fold ticks that were just stored into the candles of their minutes.
--
-- Counts new ticks only. They may come late and in any order: open and close go by trade id. A
-- volume that is unknown of either part is unknown of the whole.
--
-- Parameters: ranges of new ticks, as arrays of equal length, as `prices_minutes` takes them.
INSERT INTO prices_candle AS candle (
    symbol_id, minute, first_trade, last_trade, trades, open, high, low, close, volume,
    quote_volume, taker_buy_volume, taker_buy_quote_volume
)
SELECT
    symbol_id, minute, first_trade, last_trade, trades, open, high, low, close, volume,
    quote_volume, taker_buy_volume, taker_buy_quote_volume
FROM prices_minutes(
    %(symbol)s::smallint[],
    %(starts)s::timestamptz[],
    %(ends)s::timestamptz[],
    %(first)s::bigint[],
    %(last)s::bigint[]
)
ON CONFLICT (symbol_id, minute) DO UPDATE SET
    open = CASE
        WHEN excluded.first_trade < candle.first_trade THEN excluded.open ELSE candle.open
    END,
    close = CASE
        WHEN excluded.last_trade > candle.last_trade THEN excluded.close ELSE candle.close
    END,
    first_trade = least(candle.first_trade, excluded.first_trade),
    last_trade = greatest(candle.last_trade, excluded.last_trade),
    high = greatest(candle.high, excluded.high),
    low = least(candle.low, excluded.low),
    volume = candle.volume + excluded.volume,
    trades = candle.trades + excluded.trades,
    quote_volume = candle.quote_volume + excluded.quote_volume,
    taker_buy_volume = candle.taker_buy_volume + excluded.taker_buy_volume,
    taker_buy_quote_volume = candle.taker_buy_quote_volume + excluded.taker_buy_quote_volume
