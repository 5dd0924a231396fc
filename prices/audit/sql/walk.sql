-- Walk through ticks of one symbol by trade id, and let those pass that join and make sense: one scan by the key, nothing
-- is sorted, when {own} says that all are of this symbol. `reach` is the id after all trades that the ticks before hold; the scan begins with the last tick already seen.
-- A key is `symbol number << 44 | first raw trade id`.
SELECT id, timestamp, trades, price, quantity, symbol_id, reach, before
FROM (
    SELECT
        tick.*, lag(timestamp) OVER earlier AS before,
        greatest(%(reach)s::bigint, max((id & ((1::bigint << 44) - 1)) + greatest(trades, 1)) OVER earlier) AS reach
    FROM prices_price tick
    WHERE id >= %(low)s AND id <= %(stop)s -- {own}
    WINDOW earlier AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS walked
WHERE id > %(seen)s AND (
    reach <> id & ((1::bigint << 44) - 1) OR trades < 1 OR symbol_id <> id >> 44
    OR price <= 0 OR price = 'NaN' OR quantity <= 0 OR quantity = 'NaN'
)
ORDER BY id
