-- Notify listeners that ticks or candles of some symbols have changed. The payload is their
-- numbers, separated by blanks. PostgreSQL sends it on commit. The channel is that of
-- `prices.channels`.
SELECT pg_notify('prices_tick', %(numbers)s)
