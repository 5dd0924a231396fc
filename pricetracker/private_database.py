"""The private PostgreSQL as this project has it, for DATABASES: see pricetracker.postgres."""

from pathlib import Path
from typing import Any

SERVER_OPTIONS = {
    # Queries here read a few rows by an index, or large parts of a table: compiling them gains
    # nothing. And on an SSD a random page costs hardly more than the next one.
    "jit": "off",
    "random_page_cost": "1.1",
    # The newest rows are read most: vacuum them soon.
    "autovacuum_naptime": "20s",
    # In a storm the WAL grows by some hundreds of MB per minute; its files are reused, not created.
    "min_wal_size": "512MB",
    "max_wal_size": "2GB",
    # Clients get their errors; the log need not repeat statements with thousands of ticks.
    "log_min_error_statement": "panic",
}


def private_database(cluster: Path) -> dict[str, Any]:
    """The settings of an alias whose server has its files in this folder.

    Do not change these names: existing clusters were created with them.
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
