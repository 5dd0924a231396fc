-- Sessions that hold locks on the tape, one sentence each, the oldest transactions first.
--
-- `strong`: only locks for which a writer of rows may wait: those on rows, and those stronger than
-- what reading takes. Else also those of readers, for which DDL has to wait.
-- The advisory lock of two keys is the writer lock, that of a class the one for registering
-- symbols. One without a class is a migration's, for which only other migrations wait, by its name.
-- Django's own tables count: commands read which migrations were applied.
SELECT format(
    '%%s (pid %%s%%s, transaction began %%s s ago) with %%s',
    coalesce(nullif(activity.application_name, ''), 'a session without a name'),
    activity.pid,
    ', ' || coalesce(activity.state, 'state hidden'),
    coalesce(extract(epoch FROM now() - activity.xact_start)::integer::text, '?'),
    string_agg(DISTINCT
        CASE
            WHEN held.locktype = 'advisory' AND held.objsubid = 2 THEN 'the writer lock'
            WHEN held.locktype = 'advisory' THEN 'the lock for registering symbols'
            ELSE format('%%s on %%s', held.mode, relation.relname)
        END, ', '
    )
)
FROM pg_locks AS held
JOIN pg_stat_activity AS activity ON held.pid = activity.pid
LEFT JOIN pg_class AS relation ON held.relation = relation.oid AND relation.relkind IN ('r', 'v')
WHERE held.granted
    AND held.pid <> pg_backend_pid()
    AND activity.datname = current_database()
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (
        (held.locktype = 'advisory' AND held.classid <> 0)
        OR relation.relname ~ '^(prices|django|auth)(_|$)'
    )
    AND (NOT %(strong)s OR held.mode <> 'AccessShareLock')
GROUP BY activity.pid, activity.application_name, activity.state, activity.xact_start
ORDER BY activity.xact_start
LIMIT %(limit)s
