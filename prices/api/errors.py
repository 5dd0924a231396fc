"""How the API answers what goes wrong outside of a view's own reach."""

import logging
from http import HTTPStatus
from typing import Any

from django.db import OperationalError
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pricetracker import reasons

logger = logging.getLogger(__name__)


class DatabaseAway(APIException):
    """The database does not answer. Try again in a moment."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "database_away"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """As Django REST framework does; a database that is away is nobody's mistake, and not for ever."""
    if isinstance(error, OperationalError):
        logger.error("The database does not answer: %s", reasons.first(error))
        error = DatabaseAway()
    return exception_handler(error, context)
