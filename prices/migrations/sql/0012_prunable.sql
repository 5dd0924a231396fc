-- The oldest ticks of one symbol that no answer from an instant on needs, as far as one step of pruning goes: the first
-- trade id of the first of them, and of the first tick that stays. Nulls when there is none.
--
-- What was the price at the cutoff stays, and all that is later: pruning ends before the lowest trade id of these, so that a tape
-- is pruned of a prefix of its ids and of nothing else. (Times may step back where ids go on.) `most`: how many ticks one step
-- may take; `start`: from which trade id on to look, where that is more than what is kept.
CREATE FUNCTION prices_prunable(symbol smallint, cutoff timestamptz, start bigint, most integer)
RETURNS TABLE (first bigint, stop bigint) LANGUAGE sql STABLE AS $$
    WITH
    answer AS (
        SELECT first_trade FROM prices_price
        WHERE symbol_id = symbol AND timestamp <= cutoff
        ORDER BY timestamp DESC, first_trade DESC LIMIT 1
    ),
    oldest AS (
        -- From what is kept on: what was pruned before is still in the index until it is vacuumed.
        SELECT first_trade, timestamp FROM prices_price
        WHERE symbol_id = symbol
            AND first_trade >= greatest((SELECT kept_from FROM prices_symbol WHERE id = symbol), start)
            AND first_trade <= (SELECT first_trade FROM answer)
        ORDER BY first_trade LIMIT most + 1
    )
    -- The first tick that stays: one that is needed, or the one at which the next step begins.
    SELECT min(first_trade), coalesce(min(first_trade) FILTER (WHERE timestamp > cutoff), max(first_trade)) FROM oldest
$$;
