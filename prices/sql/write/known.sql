-- The ticks of a batch that the tape already has: their index in the batch, and how many trades the
-- tape's tick has.
--
-- A tick is another trade if the tape has its id with another price, quantity, side or number of
-- trades, or at a time that rounding to a millisecond does not explain. (One of two sources of the
-- same trade rounds.)
--
-- Parameters: the ticks, as arrays of equal length.
SELECT
    batch.nth - 1, tick.trades,
    tick.price <> batch.price OR tick.quantity <> batch.quantity OR tick.trades <> batch.trades
        OR coalesce(tick.is_buyer_maker <> batch.is_buyer_maker, false)
        OR abs(extract(epoch FROM tick.timestamp) * 1000000 - batch.micros) >= 1000 AS is_other,
    tick.is_buyer_maker IS NULL AND batch.is_buyer_maker IS NOT NULL AS tells_side
FROM unnest(
    %(symbol)s::smallint[], %(first)s::bigint[], %(trades)s::integer[], %(micros)s::bigint[],
    %(price)s::numeric[], %(quantity)s::numeric[], %(is_buyer_maker)s::boolean[]
) WITH ORDINALITY
    AS batch (symbol_id, first_trade, trades, micros, price, quantity, is_buyer_maker, nth)
CROSS JOIN LATERAL (
    SELECT * FROM prices_price AS stored
    WHERE stored.symbol_id = batch.symbol_id
        AND stored.first_trade >= batch.first_trade AND stored.first_trade <= batch.first_trade
    -- ORDER BY makes the planner use the key. With an equation alone, a plan that was made while
    -- the tape was short might read all of it.
    ORDER BY stored.first_trade LIMIT 1
) AS tick
