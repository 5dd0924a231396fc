-- What one step of pruning would delete of one symbol, and the trade id that it would keep from.
--
-- Parameters: as `prices_prunable` takes them.
WITH step AS MATERIALIZED (
    SELECT first, stop FROM prices_prunable(%(symbol)s::smallint, %(cutoff)s, %(start)s, %(most)s)
)
SELECT count(*), min(timestamp), max(timestamp), (SELECT stop FROM step)
FROM prices_price
WHERE
    symbol_id = %(symbol)s
    AND first_trade >= (SELECT first FROM step)
    AND first_trade < (SELECT stop FROM step)
