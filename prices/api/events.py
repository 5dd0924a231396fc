"""Live push as Server-Sent Events: what a client asks for, and the stream that it gets."""

from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from ..live.broadcast import is_stuck, on_air
from ..live.places import PLACES, Place
from ..live.snapshot import Wish
from . import serializers
from .answers import Answer, LatestAnswer
from .errors import DatabaseAway
from .filters import all_recorded
from .headers import add_headers
from .known_parameters import KnownParameters
from .query_params import EventsQuery, read
from .renderers import EventStreamRenderer, ExactJSONRenderer
from .shared import shared

# Milliseconds after which a browser that has lost the stream connects again.
RETRY = 1_000

# How live push asks for the latest prices.
WITH_COVERAGE = {"include": frozenset({"coverage"})}


class Shapes:
    """The shapes that the API uses elsewhere, for live push."""

    kinds: ClassVar[dict[str, type[Serializer[Any]]]] = {
        "latest": LatestAnswer,
        "symbol": serializers.SymbolAnswer,
        "candle": serializers.CandleAnswer,
        "gap": serializers.GapAnswer,
    }

    def bodies(self, kind: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
        if kind == "latest":
            rows = (Answer(WITH_COVERAGE, *found) for found in rows)
        shape = shared(self.kinds[kind])
        return [shape.to_representation(row) for row in rows]

    def json(self, body: Any) -> bytes:
        return ExactJSONRenderer().render(body)


SHAPES = Shapes()


class NoStreams(APIException):
    """Live push requires an ASGI server: this one would buffer the whole response."""

    status_code = HTTPStatus.NOT_IMPLEMENTED
    default_detail = __doc__
    default_code = "no_streams"


class Full(APIException):
    """No more event streams are served at present, or none to this client. Try again later."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "full"


class EventStream(StreamingHttpResponse):
    """Gives its place back when it ends, or when its client has left."""

    place: Place

    def close(self) -> None:
        super().close()
        self.place.give_back()


class EventsView(KnownParameters, APIView):
    """Changes on the tape as Server-Sent Events.

    Each event carries one line of JSON, in the shape that the API uses for that object elsewhere:

    - `latest`, as `/latest?include=coverage`: a newer tick, or a new verdict on the newest one;
    - `candle`, as a row of `/api/candles/`: the newest candle, as it forms;
    - `symbol`, as a row of `/api/symbols/`: the state of feed and tape, at most once per second;
    - `gap`, as a row of `/api/gaps/`: a gap was opened, partly repaired or closed;
    - `heartbeat`, every 5 seconds: the connection is alive.

    A new client first receives the current state of everything except gaps. After that each symbol
    is sent at most ten times per second; a slow client skips outdated values. When a new candle
    begins, request the previous one again: its last trades may have arrived at the same time. To
    resume without losing changes, open the stream first, wait for its first event, and then request
    candles and gaps from the last ones that you have. The stream ends when the database becomes
    unavailable; new streams are refused with 503 until it is back.
    """

    renderer_classes = (ExactJSONRenderer, EventStreamRenderer)
    query_serializer_class = EventsQuery

    @extend_schema(responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR)})
    def get(self, request: Any) -> StreamingHttpResponse:
        # Under WSGI Django collects the response before it sends it, and this one has no end.
        if not isinstance(request._request, ASGIRequest):
            raise NoStreams
        wish = Wish(**read(EventsQuery, request.query_params))
        check(wish)
        if is_stuck():
            raise DatabaseAway
        place = PLACES.take(request.META.get("REMOTE_ADDR", ""))
        if place is None:
            raise Full
        response = EventStream(stream(wish), content_type="text/event-stream")
        response.place = place
        add_headers(response)
        # nginx would collect events until they fill a buffer.
        response["X-Accel-Buffering"] = "no"
        return response

    def head(self, request: Any) -> HttpResponse:
        """Only the headers: Django would run the stream, and the response would never end."""
        response = self.get(request)
        response.close()
        return HttpResponse(headers=response.headers)


def check(wish: Wish) -> None:
    """Raises NeverRecorded for a name that no symbol has."""
    for wanted in (wish.symbols, wish.candles):
        all_recorded(wanted or frozenset())


async def stream(wish: Wish) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY
    async for told in on_air(SHAPES).read(wish):
        yield told
