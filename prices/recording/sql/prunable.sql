-- The oldest ticks of one symbol that no answer from an instant on needs, as far as one step of pruning goes.
--
-- What was the price at the cutoff stays, and all that is later: pruning ends before the lowest trade id of these, so that a tape
-- is pruned of a prefix of its ids and of nothing else. (Times may step back where ids go on.) Part of a statement.
--
-- Parameters: the symbol's number; the cutoff; how many ticks one step may take; and from which raw trade id on to look,
-- where that is more than what is kept.
-- A key is `symbol number << 44 | first raw trade id`.
WITH
answer AS (
    SELECT id FROM prices_price
    WHERE symbol_id = %(symbol)s AND timestamp <= %(cutoff)s
    ORDER BY timestamp DESC, id DESC LIMIT 1
),
oldest AS (
    -- From what is kept on: what was pruned before is still in the index until it is vacuumed.
    SELECT id, timestamp FROM prices_price
    WHERE symbol_id = %(symbol)s
        AND id >= %(symbol)s::bigint << 44 | greatest(
            (SELECT kept_from FROM prices_symbol WHERE id = %(symbol)s), %(from)s::bigint
        )
        AND id <= (SELECT id FROM answer)
    ORDER BY id LIMIT %(limit)s::integer + 1
),
stop AS (
    -- The first tick that stays: one that is needed, or the one at which the next step begins.
    SELECT coalesce(min(id) FILTER (WHERE timestamp > %(cutoff)s), max(id)) AS id FROM oldest
),
