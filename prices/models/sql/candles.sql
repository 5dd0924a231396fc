-- The newest candles of some symbols at an interval, folded from their minutes, the newest first.
--
-- An interval has so many minutes at most: as many rows as the wanted candles could have hold these candles whole, and are
-- all that is read, by the primary key, however long the tape is.
--
-- Parameters: the numbers of the symbols; how many minutes an interval has, and how many candles are wanted of each symbol;
-- between which minutes: `first` and `stop`, the latter excluded, both at the beginning of an interval.
SELECT
    symbol.id AS symbol_id, symbol.id::bigint << 44 | folded.start AS id,
    timestamptz 'epoch' + folded.start * interval '1 minute' AS minute,
    opening.first_trade, closing.last_trade, folded.trades,
    opening.open, folded.high, folded.low, closing.close, folded.volume
FROM prices_symbol symbol
CROSS JOIN LATERAL (
    SELECT
        n - n %% %(minutes)s AS start, min(id) AS opening, max(id) AS closing,
        max(high) AS high, min(low) AS low, sum(volume) AS volume, sum(trades) AS trades
    FROM (
        SELECT id, id & ((1::bigint << 44) - 1) AS n, high, low, volume, trades FROM prices_candle
        WHERE id >= (symbol.id::bigint << 44 | %(first)s) AND id < (symbol.id::bigint << 44 | %(stop)s)
        ORDER BY id DESC LIMIT %(limit)s::bigint * %(minutes)s
    ) AS minutes
    GROUP BY start ORDER BY start DESC LIMIT %(limit)s
) AS folded
JOIN prices_candle opening ON opening.id = folded.opening
JOIN prices_candle closing ON closing.id = folded.closing
WHERE symbol.id = ANY(%(symbols)s)
ORDER BY symbol.id, folded.start DESC
