"""Which errors of the database pass by themselves, and which no retry mends. By SQLSTATE; no database."""

import psycopg

# Classes of SQLSTATE, and codes of other classes, that stay as they are until somebody does something about them.
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
    """The database refuses the work, and would again: no retry mends that. The message says why."""


def is_lasting(error: BaseException) -> bool:
    """Whether an error stays until somebody does something about it.

    All else passes: the server is gone or going, reads alone are accepted for now, the disk or the memory is full,
    there are too many connections, a lock was not to be had, two transactions were in each other's way. An error without a code
    is one of the connection.
    """
    # Django wraps what psycopg raises.
    if not isinstance(error, psycopg.Error) and isinstance(error.__cause__, psycopg.Error):
        error = error.__cause__
    code = getattr(error, "sqlstate", None)
    return code is not None and (code[:2] in LASTING_CLASSES or code in LASTING_CODES)
