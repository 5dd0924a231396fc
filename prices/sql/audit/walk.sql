-- The ticks of one symbol, in a range of trade ids, that do not join the ones before them or have
-- impossible values. One scan by the key: nothing is sorted. `reach` is the trade id that should
-- come next; the scan begins with the last tick already seen.
SELECT first_trade, timestamp, trades, price, quantity, reach, before
FROM (
    SELECT
        tick.*, lag(timestamp) OVER earlier AS before,
        greatest(%(reach)s::bigint, max(first_trade + greatest(trades, 1)) OVER earlier) AS reach
    FROM prices_price AS tick
    WHERE symbol_id = %(symbol)s AND first_trade >= %(seen)s AND first_trade <= %(stop)s
    WINDOW earlier AS (ORDER BY first_trade ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS walked
WHERE first_trade > %(seen)s AND (
    reach <> first_trade
    OR trades < 1
    OR price <= 0
    OR price = 'NaN'
    OR quantity <= 0
    OR quantity = 'NaN'
)
ORDER BY first_trade
