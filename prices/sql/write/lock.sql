-- Take the writer locks of some symbols until the transaction ends. One lock per symbol, so that
-- recorders of different symbols never wait for each other; in one order, so that there is no
-- deadlock.
--
-- Parameters: the numbers of the symbols, in ascending order. The class of the locks is arbitrary:
-- "pric".
SELECT count(pg_advisory_xact_lock(x'70726963'::integer, number))
FROM unnest(%(symbols)s::integer[]) AS number
