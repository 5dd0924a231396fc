-- What pruning would take, and how far.
taken AS (SELECT timestamp FROM oldest WHERE id < (SELECT id FROM stop))
SELECT
    (SELECT count(*) FROM taken), (SELECT min(timestamp) FROM taken), (SELECT max(timestamp) FROM taken),
    (SELECT id & ((1::bigint << 44) - 1) FROM stop)
