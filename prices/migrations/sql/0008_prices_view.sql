-- The view `prices`, which registering a symbol no longer changes: no recorder waits for a reader.
--
-- Known symbols have a branch each, so that the planner drops those that were not asked for and
-- reads the others by the index, newest first. A join alone would have to sort, since the planner
-- does not conclude that one name is one number. The last branch is such a join, for symbols that
-- have no branch of their own yet: their rows are always there, the newest are merely sorted.
-- It asks for numbers past the last known one, so the index shows at once that there are none.
-- A number that was skipped may belong to a transaction that is still open: these are joined too.
--
-- `prices_view_refresh` adds the missing branches. A recorder calls it once, before it begins,
-- outside of the writer lock and with a lock_timeout of milliseconds: while somebody reads the
-- view it gives up, and the next start tries again.
DROP TRIGGER IF EXISTS prices_view_follow ON prices_symbol;
DROP FUNCTION IF EXISTS prices_view_follow();
DROP FUNCTION IF EXISTS prices_view_rebuild();

CREATE FUNCTION prices_view_definition() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    columns CONSTANT text := 'SELECT tick.id, %s::text AS symbol, tick.price, tick.timestamp, '
        'tick.quantity, tick.trades, tick.id & ((1::bigint << 44) - 1) AS first_trade '
        'FROM prices_price tick ';
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

-- Whether the view was changed.
CREATE FUNCTION prices_view_refresh() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    definition CONSTANT text := prices_view_definition();
    mark CONSTANT text := 'Ticks with the symbol as text (' || md5(definition) || ')';
BEGIN
    IF mark IS NOT DISTINCT FROM obj_description('prices'::regclass, 'pg_class') THEN
        RETURN false;
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW prices AS ' || definition;
    EXECUTE format('COMMENT ON VIEW prices IS %L', mark);
    RETURN true;
END $$;

-- Nothing here renames or deletes a symbol. Whoever does it by hand waits for the readers.
CREATE FUNCTION prices_view_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM prices_view_refresh();
    RETURN NULL;
END $$;

CREATE TRIGGER prices_view_follow AFTER DELETE OR TRUNCATE OR UPDATE OF id, name ON prices_symbol
    FOR EACH STATEMENT EXECUTE FUNCTION prices_view_follow();

SELECT prices_view_refresh();
