-- The same ticks in numbers: how many, of how many trades; the last one's key; and the id after all trades that they hold.
SELECT
    count(*), coalesce(sum(trades), 0), max(id), max((id & ((1::bigint << 44) - 1)) + greatest(trades, 1))
FROM prices_price
WHERE id > %(seen)s AND id <= %(stop)s -- {own}
