"""The site for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from .sharing import share_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")

application = get_wsgi_application()

share_database()
