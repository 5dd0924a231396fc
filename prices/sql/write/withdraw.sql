-- Withdraw the watermarks of some symbols: nobody claims anything past their newest ticks.
--
-- Rows are locked in the order of the heartbeat.
--
-- Parameters: the numbers of the symbols.
UPDATE prices_symbol AS symbol SET heard_at = NULL
FROM (
    SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE
) AS locked
WHERE symbol.id = locked.id
