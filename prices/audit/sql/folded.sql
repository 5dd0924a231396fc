-- The candles that the ticks of some minutes make. The tick with the lowest trade id opens a minute, the one with the
-- highest closes it: each is looked up by its key, for a join might read all ticks of the tape for that.
-- A key is `symbol number << 44 | first raw trade id`.
WITH
folded AS (
    SELECT
        date_bin('1 minute', timestamp, 'epoch') AS minute, min(id) AS first_key, max(id) AS last_key,
        max(price) AS high, min(price) AS low, sum(quantity) AS volume, sum(trades) AS trades, count(*) AS ticks
    FROM prices_price
    WHERE symbol_id = %(symbol)s AND timestamp >= %(start)s AND timestamp < %(stop)s
        AND id >= %(symbol)s::bigint << 44 AND id < (%(symbol)s + 1)::bigint << 44
    GROUP BY 1
),
made AS MATERIALIZED (
    SELECT
        minute, first_key & ((1::bigint << 44) - 1) AS first_trade,
        (SELECT (id & ((1::bigint << 44) - 1)) + tick.trades - 1 FROM prices_price tick WHERE symbol_id = %(symbol)s AND id = last_key) AS last_trade,
        trades,
        (SELECT price FROM prices_price WHERE symbol_id = %(symbol)s AND id = first_key) AS open, high, low,
        (SELECT price FROM prices_price WHERE symbol_id = %(symbol)s AND id = last_key) AS close,
        volume, ticks
    FROM folded
)
