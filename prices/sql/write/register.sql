-- Give each symbol that has none a number. Its caller holds the lock of registering.
--
-- Not ON CONFLICT DO NOTHING: it would use up a number at each start, and a smallint has only
-- 32,767.
--
-- Parameters: the names of the symbols.
INSERT INTO prices_symbol (name)
SELECT wanted.name FROM unnest(%(names)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM prices_symbol AS known WHERE known.name = wanted.name)
