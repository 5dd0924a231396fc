"""A private PostgreSQL: a Django backend that brings its own server. README.md says how to use it.

Every process that uses the server holds a shared lock for as long as it lives (`hold`). A separate
small process (`keeper`) starts the server and waits for that lock in exclusive mode: it gets it
when the last user has exited, and then stops the server. The kernel releases the locks, so a kill
-9 is an exit like any other.
"""


class Unavailable(Exception):
    """No server to connect to. The message is one sentence: why, and what to do."""
