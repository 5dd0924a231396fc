-- The key is by symbol first. A B-tree of one column splits its pages in the middle wherever a symbol's ticks come to its end,
-- and leaves the halves half empty; with the symbol before the id PostgreSQL sees that each symbol's part only grows, and
-- splits at its end. Nothing is ever put between, but for late ticks: so the pages are filled to the brim.
ALTER TABLE prices_price
    DROP CONSTRAINT prices_price_pkey,
    ADD CONSTRAINT prices_price_pkey PRIMARY KEY (symbol_id, id) WITH (fillfactor = 100);
ALTER INDEX price_symbol_timestamp SET (fillfactor = 100);

-- Ticks never change: they are frozen soon and for good, a million at a time, and not a fifth of the table at a time.
ALTER TABLE prices_price SET (
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_freeze_min_age = 0
);

-- The newest candles are rewritten with every batch, the others never: room is left for the new versions beside the old ones.
ALTER TABLE prices_candle SET (
    fillfactor = 90,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);

-- Heartbeats rewrite all rows every second.
ALTER TABLE prices_symbol SET (fillfactor = 50, autovacuum_vacuum_threshold = 5000);
