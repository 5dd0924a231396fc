-- Take them off the tape, and note in the same commit from where on it is kept. The caller holds the pen. Candles and gaps stay.
pruned AS (
    DELETE FROM prices_price
    WHERE symbol_id = %(symbol)s AND id >= (SELECT min(id) FROM oldest) AND id < (SELECT id FROM stop)
    RETURNING id, timestamp
),
moved AS (
    UPDATE prices_symbol SET
        kept_from = (SELECT id & ((1::bigint << 44) - 1) FROM stop),
        pruned_through = greatest(pruned_through, (SELECT max(timestamp) FROM pruned))
    WHERE id = %(symbol)s AND EXISTS (SELECT FROM pruned)
)
SELECT
    (SELECT count(*) FROM pruned),
    (SELECT min(timestamp) FROM pruned), (SELECT max(timestamp) FROM pruned),
    (SELECT id & ((1::bigint << 44) - 1) FROM stop)
