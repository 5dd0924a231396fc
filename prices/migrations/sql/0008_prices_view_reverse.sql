DROP TRIGGER prices_view_follow ON prices_symbol;
DROP FUNCTION prices_view_follow();
DROP FUNCTION prices_view_refresh();
DROP FUNCTION prices_view_definition();
DROP VIEW prices;
