-- The view `prices`: one branch a symbol, so that the planner drops those that were not asked for, each in the order of its
-- index, newest first, so that the newest rows of any selection are read without sorting the rest. (A plain branch would
-- not do: the planner sees that the index gives that order only where `symbol_id = n` and ORDER BY stand in one SELECT. Nor
-- would a join with prices_symbol.) The view is made anew whenever a symbol is added, by whomever.
CREATE FUNCTION prices_view_rebuild() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns CONSTANT text :=
        'id, %L::text AS symbol, price, timestamp, quantity, trades, id & ((1::bigint << 44) - 1) AS first_trade';
    branches text;
BEGIN
    SELECT string_agg(
        format('(SELECT ' || columns || ' FROM prices_price WHERE symbol_id = %s ORDER BY timestamp DESC)', name, id),
        ' UNION ALL ' ORDER BY id
    ) INTO branches FROM prices_symbol;
    -- Without a symbol there is no price, but a view there must be.
    branches := coalesce(branches, format('SELECT ' || columns || ' FROM prices_price WHERE false', ''));
    EXECUTE 'CREATE OR REPLACE VIEW prices AS ' || branches;
END $$;

CREATE FUNCTION prices_view_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM prices_view_rebuild();
    RETURN NULL;
END $$;

CREATE TRIGGER prices_view_follow AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF id, name ON prices_symbol
    FOR EACH STATEMENT EXECUTE FUNCTION prices_view_follow();

SELECT prices_view_rebuild();
