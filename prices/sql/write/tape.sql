-- The tapes and the gap ledger around a batch: one row per symbol, or one per open gap.
--
-- Parameters: for each symbol in the batch its number and its first and last trade id, as arrays of
-- equal length.
SELECT
    batch.symbol_id, coalesce(symbol.kept_from, 0),
    (extract(EPOCH FROM running.minute) / 60)::bigint,
    oldest.first_trade, oldest.timestamp, newest.first_trade + newest.trades - 1, newest.timestamp,
    gap.id, gap.first_trade, gap.last_trade, gap.starts, gap.ends,
    coalesce(gap.found_first, gap.first_trade), coalesce(gap.found_last, gap.last_trade),
    coalesce(gap.found_starts, gap.starts), coalesce(gap.found_ends, gap.ends)
FROM
    unnest(%(symbol)s::smallint[], %(first)s::bigint[], %(last)s::bigint[])
        AS batch (symbol_id, first_trade, last_trade)
JOIN prices_symbol AS symbol ON batch.symbol_id = symbol.id
LEFT JOIN LATERAL (
    SELECT tick.first_trade, tick.timestamp FROM prices_price AS tick
    -- Pruned rows stay in the index until it is vacuumed: without this bound they would be read.
    WHERE tick.symbol_id = batch.symbol_id AND tick.first_trade >= coalesce(symbol.kept_from, 0)
    ORDER BY tick.first_trade LIMIT 1
) AS oldest ON true
LEFT JOIN LATERAL (
    SELECT tick.first_trade, tick.timestamp, tick.trades FROM prices_price AS tick
    WHERE tick.symbol_id = batch.symbol_id ORDER BY tick.first_trade DESC LIMIT 1
) AS newest ON true
-- The newest by time: trade times may step back.
LEFT JOIN LATERAL (
    SELECT candle.minute FROM prices_candle AS candle
    WHERE candle.symbol_id = batch.symbol_id ORDER BY candle.minute DESC LIMIT 1
) AS running ON true
-- From the batch, or from the tape's end on: the ledger may have gaps there that the batch does not
-- reach.
LEFT JOIN LATERAL (
    SELECT * FROM prices_gap
    WHERE prices_gap.symbol_id = batch.symbol_id AND prices_gap.status = 'open'
        AND prices_gap.last_trade >= least(batch.first_trade, newest.first_trade + newest.trades)
        AND prices_gap.first_trade <= greatest(batch.last_trade, oldest.first_trade)
    -- LIMIT changes no result: it makes the planner read one short range of the index.
    ORDER BY prices_gap.last_trade LIMIT 9223372036854775807
) AS gap ON true
