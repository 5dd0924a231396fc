"""An endpoint: its parameters, weight and unit of time are read, and its errors are written."""

import functools
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from replay.params import ParameterError, Params

from ..api.errors import of_database
from ..api.headers import add_headers
from ..coverage import Verdict
from ..minutes import EPOCH, MICROSECOND
from .weights import LIMIT, Weights

logger = logging.getLogger(__name__)

# Microseconds in a unit, by the name that a client asks for in X-MBX-TIME-UNIT.
UNITS = {"MILLISECOND": 1000, "millisecond": 1000, "MICROSECOND": 1, "microsecond": 1}

METHODS = ["GET", "HEAD", "OPTIONS"]

WEIGHTS = Weights()

INVALID_SYMBOL = -1121
SERVER_BUSY = -1008
TOO_MUCH_WEIGHT = -1003


class Asked(NamedTuple):
    """A request: its parameters, the microseconds in its unit of time, and when it came."""

    params: Params
    unit: int
    now: datetime

    @property
    def microseconds(self) -> int:
        """When it came, since 1970."""
        return (self.now - EPOCH) // MICROSECOND


class Answer(NamedTuple):
    """What an endpoint answers, as JSON has it, and how far the tape proves it."""

    body: Any
    verdict: Verdict | None = None


Endpoint = Callable[[Asked], Answer]
View = Callable[[HttpRequest], HttpResponse]


class UnknownSymbol(ParameterError):
    """A symbol that was never recorded."""

    def __init__(self) -> None:
        super().__init__(INVALID_SYMBOL, "Invalid symbol.")


def endpoint(*parameters: str, weight: Callable[[Params], int] | int) -> Callable[[Endpoint], View]:
    """A view of an endpoint that knows these parameters and costs so much request weight."""

    def decorated(answer: Endpoint) -> View:
        @csrf_exempt
        @functools.wraps(answer)
        def view(request: HttpRequest) -> HttpResponse:
            response = _answered(request, answer, parameters, weight)
            add_headers(response)
            return response

        return view

    return decorated


def _answered(
    request: HttpRequest,
    answer: Endpoint,
    parameters: tuple[str, ...],
    weight: Callable[[Params], int] | int,
) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": ", ".join(METHODS)})
    if request.method not in METHODS:
        text = f"Request method '{request.method}' is not supported."
        response = _error(HTTPStatus.METHOD_NOT_ALLOWED, -1000, text)
        response["Allow"] = ", ".join(METHODS)
        return response
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    headers: dict[str, str] = {}
    try:
        # Also a request that is refused costs something.
        params = _read(pairs, parameters, headers, request)
        cost = weight if isinstance(weight, int) else weight(params)
        if refusal := _spend(request, cost, headers):
            return refusal
        found = answer(Asked(params, _unit(request), datetime.now(UTC)))
    except ParameterError as error:
        return _error(HTTPStatus.BAD_REQUEST, error.code, str(error), headers)
    except OperationalError as error:
        busy = of_database(error)
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, SERVER_BUSY, str(busy.detail), headers)
    if found.verdict is not None:
        headers["X-Coverage"] = found.verdict.value
    return HttpResponse(_json(found.body), content_type="application/json", headers=headers)


def _read(
    pairs: list[tuple[str, str]],
    parameters: tuple[str, ...],
    headers: dict[str, str],
    request: HttpRequest,
) -> Params:
    try:
        return Params(pairs, parameters)
    except ParameterError:
        _spend(request, 1, headers)
        raise


def _spend(request: HttpRequest, cost: int, headers: dict[str, str]) -> HttpResponse | None:
    """Count the weight of a request; the refusal if that is too much."""
    used, wait = WEIGHTS.spend(request.META.get("REMOTE_ADDR", ""), cost)
    headers["X-MBX-USED-WEIGHT"] = headers["X-MBX-USED-WEIGHT-1M"] = str(used)
    if not wait:
        return None
    text = (
        f"Too much request weight used; current limit is {LIMIT} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return _error(
        HTTPStatus.TOO_MANY_REQUESTS, TOO_MUCH_WEIGHT, text, headers | {"Retry-After": str(wait)}
    )


def _unit(request: HttpRequest) -> int:
    name = request.headers.get("X-MBX-TIME-UNIT", "MILLISECOND")
    if name not in UNITS:
        raise ParameterError(
            -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        )
    return UNITS[name]


def _error(
    status: HTTPStatus, code: int, text: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    response = HttpResponse(
        _json({"code": code, "msg": text}),
        status=status,
        content_type="application/json",
        headers=headers,
    )
    # Its reason has been logged, or the client asked for it. Django's line for each of them would
    # fill the terminal.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _json(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


@csrf_exempt
def unknown_path(_: HttpRequest) -> HttpResponse:
    """As the exchange answers a program: 404 without a body."""
    return HttpResponse(status=HTTPStatus.NOT_FOUND)
