-- Fold what was stored into the candles of its minutes: part of a statement that has it as `stored`.
--
-- Only what was really inserted counts. Ticks may come late and in any order: open and close go by trade id.
minutes AS (
    SELECT
        symbol_id, date_bin('1 minute', timestamp, 'epoch') AS minute,
        min(id) AS first_key, max(id) AS last_key,
        max(price) AS high, min(price) AS low, sum(quantity) AS volume, sum(trades) AS trades
    FROM stored
    GROUP BY symbol_id, minute
),
folded AS (
    INSERT INTO prices_candle AS candle
        (id, minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
    SELECT
        m.symbol_id::bigint << 44 | (extract(epoch FROM m.minute)::bigint / 60),
        m.minute,
        m.first_key & ((1::bigint << 44) - 1), (m.last_key & ((1::bigint << 44) - 1)) + closing.trades - 1,
        m.trades, m.symbol_id, opening.price, m.high, m.low, closing.price, m.volume
    FROM minutes m
    JOIN stored opening ON opening.id = m.first_key
    JOIN stored closing ON closing.id = m.last_key
    ON CONFLICT (id) DO UPDATE SET
        open = CASE WHEN excluded.first_trade < candle.first_trade THEN excluded.open ELSE candle.open END,
        close = CASE WHEN excluded.last_trade > candle.last_trade THEN excluded.close ELSE candle.close END,
        first_trade = least(candle.first_trade, excluded.first_trade),
        last_trade = greatest(candle.last_trade, excluded.last_trade),
        high = greatest(candle.high, excluded.high),
        low = least(candle.low, excluded.low),
        volume = candle.volume + excluded.volume,
        trades = candle.trades + excluded.trades
)
