"""Error responses of the API: all in JSON, from the views and from Django before any view."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import psycopg
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import get_script_prefix, is_valid_path
from django.views import defaults
from rest_framework.exceptions import APIException, NotFound
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pricetracker import reasons
from pricetracker.symbols import hint

from ..models import Symbol
from .renderers import ExactJSONRenderer

logger = logging.getLogger(__name__)

# What the API's paths begin with. At the root are the three questions and what operators request.
API_PATHS = frozenset({"api", "latest", "price-at-second", "minmax", "health", "metrics"})

SENTENCES = {
    HTTPStatus.BAD_REQUEST: "Bad request.",
    HTTPStatus.FORBIDDEN: "Forbidden.",
    HTTPStatus.NOT_FOUND: "Not found.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal server error.",
}


class DatabaseAway(APIException):
    """The database is unavailable. Try again in a moment."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "database_away"


class NeverRecorded(NotFound):
    """A 404 that names the symbols that are recorded, and the one that may have been meant."""

    def __init__(self, symbol: str) -> None:
        names = ", ".join(Symbol.objects.names()) or "none yet"
        super().__init__(
            f"{symbol} has no recorded price. Recorded symbols: {names}.{hint(symbol)}"
        )


class TookTooLong(APIException):
    """This question takes too long. Ask for less at a time."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "took_too_long"


class DatabaseBusy(APIException):
    """The tape is locked, as during a migration. Try again in a moment."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "database_busy"


class TooManyStreams(APIException):
    """Too many responses of rows are being sent at present. Try again in a moment."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "too_many_streams"
    # Seconds, for the header Retry-After.
    wait = 5


# A database that answers so is not away.
LIMITS_REACHED: dict[type[psycopg.Error], type[APIException]] = {
    psycopg.errors.QueryCanceled: TookTooLong,
    psycopg.errors.LockNotAvailable: DatabaseBusy,
}


def of_database(error: OperationalError) -> APIException:
    """What a client is told; the reason is logged."""
    for kind, refusal in LIMITS_REACHED.items():
        if isinstance(error.__cause__, kind):
            logger.warning("%s %s", refusal.__doc__, reasons.first(error))
            return refusal()
    logger.error("Database unavailable: %s", reasons.first(error))
    return DatabaseAway()


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """As Django REST framework does, and 503 while the database is unavailable."""
    if isinstance(error, OperationalError):
        error = of_database(error)
    prefer_json(context["request"])
    response = exception_handler(error, context)
    if response is not None and response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        # Its reason has been logged, or the client asked for more than there is. Django's line for
        # each of them would fill the terminal.
        response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def prefer_json(request: Any) -> None:
    """Render an error in JSON, whatever else the view renders; but not in the browsable API.

    A request that was refused for its format has no accepted renderer yet.
    """
    if not isinstance(getattr(request, "accepted_renderer", None), BrowsableAPIRenderer):
        request.accepted_renderer = ExactJSONRenderer()
        request.accepted_media_type = ExactJSONRenderer.media_type


def is_api(request: HttpRequest) -> bool:
    """Whether a client of the API meant this path.

    It may be `latest.json`, `latest/`, `//latest` or `Latest` as well.
    """
    first = request.path.removeprefix(get_script_prefix()).lstrip("/").partition("/")[0]
    return first.partition(".")[0].lower() in API_PATHS


def nearest_path(request: HttpRequest) -> str | None:
    """The path that exists, when this one differs in its slashes or in the case of its letters."""
    bare = "/" + request.path_info.strip("/").lower()
    for path in (bare, bare + "/"):
        if is_valid_path(path):
            return get_script_prefix().rstrip("/") + path
    return None


def in_json(
    status: HTTPStatus, page: Callable[..., HttpResponseBase]
) -> Callable[..., HttpResponseBase]:
    """A handler of this status for Django: JSON under the API's paths, Django's page elsewhere."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_api(request):
            sentence = SENTENCES[status]
            if status == HTTPStatus.NOT_FOUND and (path := nearest_path(request)):
                sentence = f"{sentence} Did you mean {path}?"
            return JsonResponse({"detail": sentence}, status=status)
        return page(request, *args, **kwargs)

    return handler


bad_request = in_json(HTTPStatus.BAD_REQUEST, defaults.bad_request)
forbidden = in_json(HTTPStatus.FORBIDDEN, defaults.permission_denied)
not_found = in_json(HTTPStatus.NOT_FOUND, defaults.page_not_found)
server_error = in_json(HTTPStatus.INTERNAL_SERVER_ERROR, defaults.server_error)


def method_not_allowed(request: HttpRequest, allowed: list[str]) -> HttpResponse:
    """The 405 of a view that is not Django REST framework's."""
    sentence = f'Method "{request.method}" not allowed.'
    return JsonResponse({"detail": sentence}, status=405, headers={"Allow": ", ".join(allowed)})
