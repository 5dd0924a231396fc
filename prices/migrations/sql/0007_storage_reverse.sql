ALTER TABLE prices_symbol RESET (fillfactor, autovacuum_vacuum_threshold);
ALTER TABLE prices_candle RESET (
    fillfactor,
    autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold,
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_analyze_threshold
);
ALTER TABLE prices_price RESET (
    autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold,
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_analyze_threshold,
    autovacuum_freeze_min_age
);
ALTER INDEX price_symbol_timestamp RESET (fillfactor);
ALTER TABLE prices_price DROP CONSTRAINT prices_price_pkey, ADD CONSTRAINT prices_price_pkey PRIMARY KEY (id);
