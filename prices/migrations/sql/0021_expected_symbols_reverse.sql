-- Back to a view that knows registered symbols only, as 0008 and 0011 have it.
DROP FUNCTION prices_view_refresh(text[]);
DROP FUNCTION prices_view_definition(text[]);

CREATE FUNCTION prices_view_definition() RETURNS text LANGUAGE plpgsql STABLE AS $$
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

SELECT prices_view_refresh();
