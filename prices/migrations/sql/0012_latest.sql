-- The newest tick of each symbol that has one, with what is known of later trades: a hundred gaps at the most. Two descents of an
-- index a symbol; for questions about one symbol, some, or all.
CREATE VIEW prices_latest AS
SELECT
    symbol.id AS number, symbol.name, newest.first_trade, newest.timestamp, newest.trades, newest.price,
    symbol.heard_at, symbol.heard_through,
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.last_trade > newest.first_trade
        ORDER BY gap.last_trade LIMIT 100
    ) AS holes
FROM prices_symbol symbol
CROSS JOIN LATERAL (
    SELECT first_trade, timestamp, trades, price FROM prices_price p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) newest;
