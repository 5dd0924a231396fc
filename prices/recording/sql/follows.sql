-- Whether a batch goes on where the tape ends, symbol by symbol: then none of its ticks is there yet, no trade is missing between, and
-- no known gap can hold any of them.
-- None of it is where the tape was pruned. Of two runs of a symbol one does not follow on the tape, or both begin with the same tick.
--
-- Parameters: the runs in it, as arrays of equal length: the symbol's number, and the first raw trade id.
SELECT bool_and(
    -- A symbol without a tape follows nothing, and bool_and would skip its NULL.
    newest.after_trade IS NOT DISTINCT FROM run.first_trade
    AND run.first_trade >= coalesce(symbol.kept_from, 0)
    AND NOT EXISTS (
        SELECT FROM prices_gap gap
        WHERE gap.symbol_id = run.symbol_id AND gap.status = 'open' AND gap.last_trade >= run.first_trade
    )
) IS TRUE AND count(DISTINCT run.symbol_id) = count(*)
FROM unnest(%(symbol)s::smallint[], %(first)s::bigint[]) AS run (symbol_id, first_trade)
JOIN prices_symbol symbol ON symbol.id = run.symbol_id
LEFT JOIN LATERAL (
    SELECT (id & ((1::bigint << 44) - 1)) + trades AS after_trade FROM prices_price p
    WHERE p.symbol_id = run.symbol_id ORDER BY id DESC LIMIT 1
) newest ON true
