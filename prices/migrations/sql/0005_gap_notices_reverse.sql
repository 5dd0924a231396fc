DROP TRIGGER prices_tell_gap ON prices_gap;

DROP FUNCTION prices_tell_gap;
