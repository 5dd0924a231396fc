-- Ticks and candles under natural keys: (symbol, first trade id) and (symbol, minute), each in a column of its own.
-- Until now both stood in one bigint, `symbol number << 44 | n`. The tables are written again in full, because the order of the
-- columns decides about padding; whoever reads or writes meanwhile waits. All or nothing: it is one transaction.

-- The writer lock of recorders of before.
SELECT pg_advisory_xact_lock(x'707269636573'::bigint);
LOCK TABLE prices_price, prices_candle IN ACCESS EXCLUSIVE MODE;

DROP VIEW prices;

ALTER TABLE prices_price RENAME TO prices_price_packed;
ALTER TABLE prices_price_packed RENAME CONSTRAINT prices_price_pkey TO prices_price_packed_pkey;
ALTER INDEX price_symbol_timestamp RENAME TO price_packed_symbol_timestamp;

-- Fixed width first, the widest first, so that nothing is aligned by padding. The boolean comes before the numerics,
-- which need no alignment. Who took liquidity is not known of ticks that were stored without it: NULL.
CREATE TABLE prices_price (
    timestamp timestamp with time zone NOT NULL,
    first_trade bigint NOT NULL,
    trades integer NOT NULL,
    symbol_id smallint NOT NULL,
    is_buyer_maker boolean,
    price numeric(18, 8) NOT NULL,
    quantity numeric(28, 8) NOT NULL
);
INSERT INTO prices_price (timestamp, first_trade, trades, symbol_id, price, quantity)
SELECT timestamp, id & ((1::bigint << 44) - 1), trades, symbol_id, price, quantity FROM prices_price_packed;
DROP TABLE prices_price_packed;

-- The symbol comes first in either index: PostgreSQL then sees that each symbol's part only grows, and splits pages at its
-- end. Nothing but late ticks is put in between, so pages are filled to the brim.
ALTER TABLE prices_price
    ADD CONSTRAINT prices_price_pkey PRIMARY KEY (symbol_id, first_trade) WITH (fillfactor = 100);
CREATE INDEX price_symbol_timestamp ON prices_price (symbol_id, timestamp) WITH (fillfactor = 100);

-- Ticks do not change: they are frozen soon and for good, a million at a time, and not a fifth of the table at a time.
ALTER TABLE prices_price SET (
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_freeze_min_age = 0
);

ALTER TABLE prices_candle RENAME TO prices_candle_packed;
ALTER TABLE prices_candle_packed RENAME CONSTRAINT prices_candle_pkey TO prices_candle_packed_pkey;

-- A price has 8 decimals and is below 10^10, a quantity has 8: their product has 16 decimals and is below 10^10 times the
-- volume. So a quote volume of 46 digits holds whatever fits into the volume, and nothing is rounded.
CREATE TABLE prices_candle (
    minute timestamp with time zone NOT NULL,
    first_trade bigint NOT NULL,
    last_trade bigint NOT NULL,
    trades integer NOT NULL,
    symbol_id smallint NOT NULL,
    open numeric(18, 8) NOT NULL,
    high numeric(18, 8) NOT NULL,
    low numeric(18, 8) NOT NULL,
    close numeric(18, 8) NOT NULL,
    volume numeric(28, 8) NOT NULL,
    quote_volume numeric(46, 16),
    taker_buy_volume numeric(28, 8),
    taker_buy_quote_volume numeric(46, 16)
);
-- A candle was the one of the minute in its key, whatever stood in its columns.
INSERT INTO prices_candle (minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
SELECT
    timestamptz 'epoch' + (id & ((1::bigint << 44) - 1)) * interval '1 minute', first_trade, last_trade, trades,
    (id >> 44)::smallint, open, high, low, close, volume
FROM prices_candle_packed;
DROP TABLE prices_candle_packed;
ALTER TABLE prices_candle ADD CONSTRAINT prices_candle_pkey PRIMARY KEY (symbol_id, minute);

-- The newest candles are rewritten with every batch, the others never: room is left for new versions beside the old ones.
ALTER TABLE prices_candle SET (
    fillfactor = 90,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);

ANALYZE prices_price, prices_candle;

-- The view keeps its `id`, which tells ticks of all symbols apart and orders those of one instant.
CREATE OR REPLACE FUNCTION prices_view_definition() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    columns CONSTANT text := 'SELECT tick.symbol_id::bigint << 44 | tick.first_trade AS id, '
        '%s::text AS symbol, tick.price, tick.timestamp, tick.quantity, tick.trades, '
        'tick.first_trade, tick.is_buyer_maker FROM prices_price tick ';
    joined CONSTANT text := format(columns, 'symbol.name')
        || 'JOIN prices_symbol symbol ON symbol.id = tick.symbol_id WHERE ';
    branches text;
    last integer;
    skipped smallint[];
BEGIN
    SELECT coalesce(max(id), 0), string_agg(
        '(' || format(columns, quote_literal(name))
            || format('WHERE tick.symbol_id = %s ORDER BY tick.timestamp DESC)', id),
        ' UNION ALL ' ORDER BY id
    ) INTO last, branches FROM prices_symbol;
    SELECT array_agg(number) INTO skipped FROM generate_series(1, last) AS number
    WHERE NOT EXISTS (SELECT FROM prices_symbol WHERE id = number);
    RETURN concat_ws(
        ' UNION ALL ', branches,
        CASE WHEN skipped IS NOT NULL THEN joined || format(
            'symbol.id = ANY (%1$L::smallint[]) AND tick.symbol_id = ANY (%1$L::smallint[])', skipped
        ) END,
        joined || format('symbol.id > %1$s AND tick.symbol_id > %1$s::smallint', last)
    );
END $$;

DO $$ BEGIN
    EXECUTE 'CREATE VIEW prices AS ' || prices_view_definition();
END $$;
-- It marks the view as up to date.
SELECT prices_view_refresh();
