"""A process that uses a private PostgreSQL: SQL in on stdin, a line for each answer out on
stdout.
"""

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.db import DatabaseError, connection

from pricetracker.private_database import private_database


def main(folder: str, name: str, options: str, *, pool: bool) -> None:
    database = private_database(Path(folder))
    database["NAME"] = name
    database["SERVER_OPTIONS"] |= json.loads(options)
    if pool:
        database["OPTIONS"] = {"pool": {"min_size": 0, "max_size": 2, "timeout": 10}}
    settings.configure(DATABASES={"default": database}, USE_TZ=True)
    django.setup()
    for sql in sys.stdin:
        sys.stdout.write(answer(sql) + "\n")
        sys.stdout.flush()
        # Only closing makes Django look for the server anew: so does the recorder after an error.
        connection.close()


def answer(sql: str) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return str(cursor.fetchone()[0]) if cursor.description else "done"
    except DatabaseError as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")


if __name__ == "__main__":
    main(*sys.argv[1:4], pool="pool" in sys.argv[4:])
