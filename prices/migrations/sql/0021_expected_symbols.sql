-- The view `prices` has a branch for symbols that are about to be recorded for the first time, too.
-- `migrate` makes it, before anything is recorded: no recorder changes the view.
--
-- A symbol that has no number yet is looked up by its name when a query runs: once per query, not
-- per row. So its branch is read by the index as the others are. The two joins, for symbols without
-- a branch, leave it out.
DROP FUNCTION prices_view_refresh();
DROP FUNCTION prices_view_definition();

CREATE FUNCTION prices_view_definition(expected text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    columns CONSTANT text := 'SELECT tick.symbol_id::bigint << 44 | tick.first_trade AS id, '
        '%s::text AS symbol, tick.price, tick.timestamp, tick.quantity, tick.trades, '
        'tick.first_trade, tick.is_buyer_maker FROM prices_price tick ';
    branch CONSTANT text := '(' || columns
        || 'WHERE tick.symbol_id = %s ORDER BY tick.timestamp DESC)';
    found CONSTANT text := '(SELECT id FROM prices_symbol WHERE name = %L)';
    joined text := format(columns, 'symbol.name')
        || 'JOIN prices_symbol symbol ON symbol.id = tick.symbol_id WHERE ';
    unknown CONSTANT text[] := ARRAY(
        SELECT DISTINCT name FROM unnest(expected) AS wanted (name)
        WHERE NOT EXISTS (SELECT FROM prices_symbol known WHERE known.name = wanted.name)
        ORDER BY name
    );
    branches text;
    coming text;
    last integer;
    skipped smallint[];
BEGIN
    SELECT
        coalesce(max(id), 0),
        string_agg(format(branch, quote_literal(name), id), ' UNION ALL ' ORDER BY id)
    INTO last, branches FROM prices_symbol;
    SELECT string_agg(
        format(branch, quote_literal(name), format(found, name)), ' UNION ALL ' ORDER BY name
    ) INTO coming FROM unnest(unknown) AS name;
    IF coming IS NOT NULL THEN
        joined := joined || format('symbol.name <> ALL (%L::text[]) AND ', unknown);
    END IF;
    SELECT array_agg(number) INTO skipped FROM generate_series(1, last) AS number
    WHERE NOT EXISTS (SELECT FROM prices_symbol WHERE id = number);
    RETURN concat_ws(
        ' UNION ALL ', branches, coming,
        CASE WHEN skipped IS NOT NULL THEN joined || format(
            'symbol.id = ANY (%1$L::smallint[]) AND tick.symbol_id = ANY (%1$L::smallint[])', skipped
        ) END,
        joined || format('symbol.id > %1$s AND tick.symbol_id > %1$s::smallint', last)
    );
END $$;

-- Whether the view was changed.
CREATE FUNCTION prices_view_refresh(expected text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    definition CONSTANT text := prices_view_definition(expected);
    mark CONSTANT text := 'Ticks with the symbol as text (' || md5(definition) || ')';
BEGIN
    IF mark IS NOT DISTINCT FROM obj_description('prices'::regclass, 'pg_class') THEN
        RETURN false;
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW prices AS ' || definition;
    EXECUTE format('COMMENT ON VIEW prices IS %L', mark);
    RETURN true;
END $$;
