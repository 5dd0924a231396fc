"""The site for an ASGI server; `manage.py start` runs it under uvicorn."""

import os

from django.core.asgi import get_asgi_application

from .sharing import share_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")

application = get_asgi_application()

share_database()
