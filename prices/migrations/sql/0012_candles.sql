-- Candles with their symbol as text, and with one column to tell them apart: for whoever browses them.
CREATE VIEW prices_candles AS
SELECT
    symbol.name || ' ' || to_char(candle.minute AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') AS id,
    symbol.name AS symbol, candle.*
FROM prices_candle candle JOIN prices_symbol symbol ON symbol.id = candle.symbol_id;
