DROP TRIGGER prices_view_follow ON prices_symbol;
DROP FUNCTION prices_view_follow();
DROP FUNCTION prices_view_rebuild();
DROP VIEW prices;
