"""The API, asked from within the process: the page says what its views say."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.db import OperationalError
from django.http import HttpRequest, QueryDict
from rest_framework.response import Response

from ..api.renderers import ExactJSONRenderer


def put(view: Callable[[HttpRequest], Response], query: Mapping[str, str]) -> Response:
    """Ask a view of the API. What else the browser sent to the page is none of its business. Raises OperationalError."""
    request = HttpRequest()
    request.method = "GET"
    request.GET = QueryDict(urlencode(query))
    response = view(request)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise OperationalError(response.data["detail"])
    return response


def read(response: Response) -> Any:
    """The body as a client gets it, each number in its own digits."""
    return json.loads(ExactJSONRenderer().render(response.data), parse_float=str, parse_int=str)
