"""Django's makemigrations, from the code alone, without starting the private PostgreSQL.

Django would ask the database only whether the history of applied migrations is consistent, and
`migrate` asks that too.
"""

from django.core.management.commands import makemigrations
from django.db import connection


class Command(makemigrations.Command):
    def handle(self, *app_labels, **options):
        database = connection.settings_dict
        engine = database["ENGINE"]
        # The engine of a project without a database, whose history Django does not check.
        database["ENGINE"] = "django.db.backends.dummy"
        try:
            super().handle(*app_labels, **options)
        finally:
            database["ENGINE"] = engine
