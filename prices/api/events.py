"""Live push as Server-Sent Events: who asks for what, and the stream that answers."""

from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from ..live.broadcast import is_full, is_stuck, on_air
from ..live.snapshot import Wish
from ..models import Symbol
from . import query_params, serializers
from .base import DEMO_HEADER, DEMO_WORDS, NeverRecorded
from .errors import DatabaseAway
from .renderers import EventStreamRenderer, ExactJSONRenderer

# Milliseconds after which a browser comes back that has lost the stream.
RETRY = 1_000


class Shapes:
    """Rows as the API gives them elsewhere, for live push."""

    kinds: ClassVar[dict[str, type[Serializer[Any]]]] = {
        "latest": serializers.LatestAnswer,
        "symbol": serializers.SymbolAnswer,
        "candle": serializers.CandleAnswer,
        "gap": serializers.GapAnswer,
    }

    def bodies(self, kind: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
        # All at once: to set up a serializer takes longer than to use it.
        if kind == "latest":
            rows = [{**serializers.latest(tick), "coverage": coverage} for tick, coverage in rows]
        # With `many` it is another class than the one that is called.
        return cast("list[dict[str, Any]]", self.kinds[kind](rows, many=True).data)

    def json(self, body: Any) -> bytes:
        return ExactJSONRenderer().render(body)


SHAPES = Shapes()


class NoStreams(APIException):
    """Live push requires an ASGI server: this one would buffer the whole response."""

    status_code = HTTPStatus.NOT_IMPLEMENTED
    default_detail = __doc__
    default_code = "no_streams"


class Full(APIException):
    """This process serves no more event streams. Try again in a moment."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = __doc__
    default_code = "full"


class EventsView(APIView):
    """Changes on the tape as Server-Sent Events.

    Each event carries one line of JSON, in the shape that the API uses for the same object elsewhere:

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

    @extend_schema(
        parameters=[query_params.EventsQuestion],
        responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Any) -> StreamingHttpResponse:
        # Under WSGI Django collects the response before it sends it, and this one has no end.
        if not isinstance(request._request, ASGIRequest):
            raise NoStreams
        query = query_params.EventsQuestion(data=query_params.parameters(request.query_params))
        query.is_valid(raise_exception=True)
        wish = Wish(**query.validated_data)
        check(wish)
        if is_stuck():
            raise DatabaseAway
        if is_full():
            raise Full
        response = StreamingHttpResponse(stream(wish), content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        # nginx would collect events until they fill a buffer.
        response["X-Accel-Buffering"] = "no"
        if settings.DEMO:
            response[DEMO_HEADER] = DEMO_WORDS
        return response

    def head(self, request: Any) -> HttpResponse:
        """The headers alone: Django would let the stream run, and the answer never end."""
        return HttpResponse(headers=self.get(request).headers)


def check(wish: Wish) -> None:
    """Raises NeverRecorded when there is no symbol of some name."""
    try:
        names = set(Symbol.objects.names())
    finally:
        # Django would hold it until the answer ends.
        if not connection.in_atomic_block:
            connection.close()
    for wanted in (wish.symbols, wish.candles):
        for unknown in sorted((wanted or frozenset()) - names):
            raise NeverRecorded(unknown)


async def stream(wish: Wish) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY
    async for told in on_air(SHAPES).read(wish):
        yield told
