-- Fill in `is_buyer_maker` of ticks where it is NULL. Nothing else ever changes a stored tick.
--
-- Parameters: the ticks, as arrays of equal length.
UPDATE prices_price tick SET is_buyer_maker = batch.is_buyer_maker
FROM
    unnest(%(symbol)s::smallint[], %(first)s::bigint[], %(is_buyer_maker)s::boolean[])
        AS batch (symbol_id, first_trade, is_buyer_maker)
WHERE
    tick.symbol_id = batch.symbol_id
    AND tick.first_trade = batch.first_trade
    AND tick.is_buyer_maker IS NULL
