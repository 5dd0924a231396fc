"""Tells temporary errors of the database from those that no retry can fix, by SQLSTATE."""

import psycopg

# Classes of SQLSTATE, and single codes of other classes, that last until somebody intervenes.
LASTING_CLASSES = frozenset(
    {
        "0A",  # feature not supported: another kind of server
        "22",  # data exception: a value that no column takes
        "23",  # integrity constraint violation
        "28",  # invalid authorization: the user or the password
        "3D",  # the database does not exist
        "3F",  # the schema does not exist
        "42",  # undefined table or column, permission denied: not migrated, or not ours
        "54",  # program limit exceeded
        "F0",  # configuration file error
    }
)
LASTING_CODES = frozenset(
    {
        "53400",  # configuration limit exceeded
        "XX001",  # data corrupted
        "XX002",  # index corrupted
    }
)


class Refusal(Exception):
    """The database refuses the work, and no retry can fix that. The message says why."""


def is_lasting(error: BaseException) -> bool:
    """Whether an error lasts until somebody intervenes.

    All others are temporary: the server is down or shutting down, read-only, out of disk space or
    memory or connections; a lock timed out; a deadlock. An error without a code is one of the
    connection.
    """
    # Django wraps what psycopg raises.
    if not isinstance(error, psycopg.Error) and isinstance(error.__cause__, psycopg.Error):
        error = error.__cause__
    code = getattr(error, "sqlstate", None)
    return code is not None and (code[:2] in LASTING_CLASSES or code in LASTING_CODES)
