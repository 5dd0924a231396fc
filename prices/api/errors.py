"""How the API answers what goes wrong: in JSON, whoever noticed it, a view or Django before any view."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import get_script_prefix
from django.views import defaults
from rest_framework.exceptions import APIException
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pricetracker import reasons

from .renderers import ExactJSONRenderer

logger = logging.getLogger(__name__)

# With what the API's paths begin: at the root lie the three questions and what operators ask.
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


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """As Django REST framework does; a database that is away is nobody's mistake, and not for ever."""
    if isinstance(error, OperationalError):
        logger.error("Database unavailable: %s", reasons.first(error))
        error = DatabaseAway()
    prefer_json(context["request"])
    return exception_handler(error, context)


def prefer_json(request: Any) -> None:
    """Render as JSON what a view renders otherwise (YAML, a template, events), but in the browsable API.

    No renderer is accepted yet when the request was refused for its format.
    """
    if not isinstance(getattr(request, "accepted_renderer", None), BrowsableAPIRenderer):
        request.accepted_renderer = ExactJSONRenderer()
        request.accepted_media_type = ExactJSONRenderer.media_type


def is_api(request: HttpRequest) -> bool:
    """Whether a client of the API meant this path: `latest.json` and `latest/` are slips of one."""
    first = request.path.removeprefix(get_script_prefix()).partition("/")[0]
    return first.partition(".")[0] in API_PATHS


def in_json(
    status: HTTPStatus, page: Callable[..., HttpResponseBase]
) -> Callable[..., HttpResponseBase]:
    """Django's handler of this status: JSON under the API's paths, Django's own page elsewhere."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_api(request):
            return JsonResponse({"detail": SENTENCES[status]}, status=status)
        return page(request, *args, **kwargs)

    return handler


bad_request = in_json(HTTPStatus.BAD_REQUEST, defaults.bad_request)
forbidden = in_json(HTTPStatus.FORBIDDEN, defaults.permission_denied)
not_found = in_json(HTTPStatus.NOT_FOUND, defaults.page_not_found)
server_error = in_json(HTTPStatus.INTERNAL_SERVER_ERROR, defaults.server_error)


def method_not_allowed(request: HttpRequest, allowed: list[str]) -> HttpResponse:
    """The 405 of a view that is none of Django REST framework's."""
    sentence = f'Method "{request.method}" not allowed.'
    return JsonResponse({"detail": sentence}, status=405, headers={"Allow": ", ".join(allowed)})
