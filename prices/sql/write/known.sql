-- The ticks of a batch whose trades the tape already has: their index in the batch, and which
-- trades the tape's tick has.
--
-- A tick is another one if the tape has its trades with another price, quantity, side or number of
-- trades, or at a time that rounding to a millisecond does not explain. (One of two sources of the
-- same trade rounds.) So it is if another source has aggregated the same trades differently.
--
-- Parameters: the ticks, as arrays of equal length.
SELECT
    batch.nth - 1, tick.first_trade, tick.trades,
    tick.first_trade <> batch.first_trade
        OR tick.price <> batch.price OR tick.quantity <> batch.quantity
        OR tick.trades <> batch.trades
        OR coalesce(tick.is_buyer_maker <> batch.is_buyer_maker, false)
        OR abs(extract(epoch FROM tick.timestamp) * 1000000 - batch.micros) >= 1000 AS is_other,
    tick.is_buyer_maker IS NULL AND batch.is_buyer_maker IS NOT NULL AS tells_side
FROM unnest(
    %(symbol)s::smallint[], %(first)s::bigint[], %(trades)s::integer[], %(micros)s::bigint[],
    %(price)s::numeric[], %(quantity)s::numeric[], %(is_buyer_maker)s::boolean[]
) WITH ORDINALITY
    AS batch (symbol_id, first_trade, trades, micros, price, quantity, is_buyer_maker, nth)
CROSS JOIN LATERAL (
    -- The last tick that begins before the batch's one ends. No two ticks of the tape share a
    -- trade, so no other can have one of these trades if this one has none.
    SELECT * FROM prices_price AS stored
    WHERE stored.symbol_id = batch.symbol_id
        AND stored.first_trade < batch.first_trade + greatest(batch.trades, 1)
    ORDER BY stored.first_trade DESC LIMIT 1
) AS tick
WHERE tick.first_trade + greatest(tick.trades, 1) > batch.first_trade
