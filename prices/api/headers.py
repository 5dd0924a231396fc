"""Headers that all responses about the tape have."""

from django.conf import settings
from django.http import HttpResponseBase


def add_headers(response: HttpResponseBase) -> None:
    """No cache may keep the response, and that of a demo says that it is one."""
    response["Cache-Control"] = "no-store"
    if settings.DEMO:
        response["X-Demo"] = "a replayed recording, not today's prices"
