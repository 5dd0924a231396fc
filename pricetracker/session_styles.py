"""How a server writes instants and durations: as psycopg reads them, whatever its default is."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# The beginning of what a server reports, and what is set where it reports something else. An
# administrator may have chosen another style for a server, a database or a user.
STYLES = {"DateStyle": "ISO", "IntervalStyle": "postgres"}


def set_styles(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Set them for a new session. Most servers need no statement for it: what they report fits."""
    if connection.vendor != "postgresql":
        return
    reported = connection.connection.info.parameter_status
    others = [name for name, style in STYLES.items() if not is_set(reported(name), style)]
    for name in others:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {name} = '{STYLES[name]}'")


def is_set(reported: str | None, style: str) -> bool:
    """Whether a server reports this style. `ISO, DMY` is ISO; `postgres_verbose` is another."""
    return reported is not None and reported.split(",")[0] == style


def watch() -> None:
    """Set the styles of each session that Django opens from now on."""
    connection_created.connect(set_styles, dispatch_uid=__name__)
