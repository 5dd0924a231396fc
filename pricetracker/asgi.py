"""The site for an ASGI server; `manage.py start` and `runserver` run it under uvicorn."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")
django.setup(set_prefix=False)

from django.conf import settings

from .process.request_target import accept_absolute
from .serving.handler import Handler
from .serving.lanes import Lane
from .sharing import share_database

# Each thread has a database session, of PostgreSQL's default of 100; live push has one more.
# Five keep two cores busy with questions, and two leave some of them to the others.
QUICK = Lane("quick", threads=5, waiting=500, patience=5)
COSTLY = Lane("costly", threads=2, waiting=50, patience=10)
PROBES = Lane("probe", threads=1, waiting=50, patience=5)

application = accept_absolute(
    Handler(
        dict.fromkeys(settings.QUICK_PATHS, QUICK) | dict.fromkeys(settings.PROBE_PATHS, PROBES),
        costly=COSTLY,
        light=("/static/", QUICK),
    )
)

share_database()
