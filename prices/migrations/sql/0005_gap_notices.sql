-- Whoever writes to the gap ledger, those who listen on this channel hear which gap it was, once it is committed.
CREATE FUNCTION prices_tell_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('prices_gap', new.id::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER prices_tell_gap AFTER INSERT OR UPDATE ON prices_gap
    FOR EACH ROW EXECUTE FUNCTION prices_tell_gap();
