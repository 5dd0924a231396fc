"""A private PostgreSQL: a Django backend whose server comes out of a wheel. README.md says how to use it.

Every process that uses the server holds a shared lock for as long as it lives (`hold`). A small process of
its own (`keeper`) starts the server and waits for that lock exclusively, that is until the last user has gone,
in whatever way; then it stops the server. The kernel counts, so a kill -9 is an exit like any other.
"""


class Unavailable(Exception):
    """There is no server to connect to; the message says why, and what to do, in one sentence."""
