"""The site for an ASGI server; `manage.py start` runs it under uvicorn."""

import os

from django.core.asgi import get_asgi_application

from .process.request_target import accept_absolute
from .sharing import share_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")

application = accept_absolute(get_asgi_application())

share_database()
