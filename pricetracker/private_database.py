"""The private PostgreSQL as this project has it, for DATABASES: see pricetracker.postgres."""

from pathlib import Path
from typing import Any

SERVER_OPTIONS = {
    # Questions here read some rows by an index, or long stretches of a table. Nothing is won by
    # compiling them, and a page at random costs hardly more than the next one on today's disks.
    "jit": "off",
    "random_page_cost": "1.1",
    # The newest rows are read most: vacuum them soon.
    "autovacuum_naptime": "20s",
    # In a storm the WAL grows by some hundreds of MB per minute; its files are reused, not created.
    "min_wal_size": "512MB",
    "max_wal_size": "2GB",
    # Clients are told of their errors; a statement with thousands of ticks need not be repeated.
    "log_min_error_statement": "panic",
}


def private_database(cluster: Path) -> dict[str, Any]:
    """The settings of an alias whose server has its files in this folder.

    Clusters that are there already were made with these names: they stay as they are.
    """
    return {
        "ENGINE": "pricetracker.postgres",
        "NAME": "pricetracker",
        "USER": "pricetracker",
        "CLUSTER": cluster,
        "CLUSTER_NAMES": {
            "settings_file": "pricetracker.conf",
            "socket_prefix": "pricetracker-",
            "folder_setting": "PRICETRACKER_HOME",
            "server_setting": "DATABASE_URL",
        },
        "SERVER_OPTIONS": dict(SERVER_OPTIONS),
        "OPTIONS": {},
    }
