"""All rows of a list in one response, as CSV or JSON Lines, however many there are.

Rows are read part by part, each by a short query. Between two parts a stream holds neither a thread
nor a transaction: a client that reads slowly costs the memory of one part. When a part cannot be
read the connection is broken off, so that no client takes what it has for the whole.
"""

import itertools
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, NamedTuple, cast

from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from pricetracker import reasons
from pricetracker.serving.asgi import Broken
from pricetracker.serving.lanes import Busy, Lane
from pricetracker.sharing import refresh_connection

from ..live.places import Place, Places
from .compression import accepts_gzip, packed
from .errors import TooManyStreams
from .query_params import DESCENDING, StreamQuery, read
from .renderers import RowsRenderer
from .serializers import RowAnswer
from .shared import shared

logger = logging.getLogger(__name__)

# Rows per query: some 5 ms of the database, and 300 kB of text.
ROWS = 2_000

# Bytes that are sent at once. A client that does not take so many within `protocol.SEND_TIMEOUT`
# has stopped.
SENT_AT_ONCE = 64 << 10

# Streams at a time, in all and to one client. Two threads read for them in turns.
PLACES = Places(streams=20, per_client=5)
LANE = Lane("rows", threads=2, waiting=100, patience=60)


class RowStream(StreamingHttpResponse):
    """Gives its place back when it ends, or when its client has left."""

    place: Place

    def close(self) -> None:
        super().close()
        self.place.give_back()


class Rows(NamedTuple):
    """What is to be sent: rows in parts, how each row is shaped, and how it is written."""

    parts: Iterator[list[Any]]
    shape: RowAnswer
    renderer: RowsRenderer

    def pieces(self) -> Iterator[bytes]:
        """The text of each part; the first one has the header as well, if there is one."""
        header = self.renderer.row_header(list(self.shape.fields))
        for part in self.parts:
            rows = (flat(self.shape.to_representation(row)) for row in part)
            yield (header + self.renderer.rows(rows)).encode()
            header = ""
        yield header.encode()


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Of a coverage, which has parts, the verdict."""
    return row | {"coverage": row["coverage"]["verdict"]} if "coverage" in row else row


def respond(request: Request, rows: Any, view: Any) -> HttpResponseBase:
    """The response of a list view. Raises ValidationError, TooManyStreams and database errors.

    The first part is read at once: what is wrong then has a status of its own.
    """
    renderer = cast(RowsRenderer, request.accepted_renderer)
    asked = read(StreamQuery, stream_parameters(request))
    parts = view.paginator.parts(rows, ROWS, asked["order"] == DESCENDING)
    if "limit" in asked:
        parts = shortened(parts, asked["limit"])
    shape = cast(RowAnswer, shared(view.get_serializer_class()))
    pieces = Rows(parts, shape, renderer).pieces()
    headers = {
        "Content-Type": f"{renderer.media_type}; charset=utf-8",
        "Content-Disposition": content_disposition_header(True, file_name(view, renderer)) or "",
        "Vary": "Accept-Encoding",
    }
    if accepts_gzip(request._request):
        headers["Content-Encoding"] = "gzip"
        pieces = packed(pieces)
    if request.method == "HEAD":
        # Without a length, which is not known, and would be taken for that of the rows.
        return StreamingHttpResponse((), headers=headers)
    place = PLACES.take(request.META.get("REMOTE_ADDR", ""))
    if place is None:
        raise TooManyStreams
    try:
        first = next(pieces)
    except BaseException:
        place.give_back()
        raise
    # Under WSGI a thread of the server reads on, while the client waits for it.
    is_async = isinstance(request._request, ASGIRequest)
    sent = in_turns(first, pieces) if is_async else itertools.chain([first], pieces)
    response = RowStream(sent, headers=headers)
    response.place = place
    return response


async def in_turns(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """All pieces; a thread makes the next one when the client has taken this one."""
    piece: bytes | None = first
    while piece is not None:
        for start in range(0, len(piece), SENT_AT_ONCE):
            yield piece[start : start + SENT_AT_ONCE]
        try:
            piece = await LANE.run(following, pieces)
        except Busy:
            raise broken("the threads that read rows are busy") from None
        except OperationalError as error:
            raise broken(reasons.first(error)) from error


def broken(why: str) -> Broken:
    logger.error("A response of rows was broken off: %s", why)
    return Broken(why)


def following(pieces: Iterator[bytes]) -> bytes | None:
    refresh_connection()
    return next(pieces, None)


def shortened(parts: Iterable[list[Any]], limit: int) -> Iterator[list[Any]]:
    """The first rows of some parts: `limit` at most."""
    for part in parts:
        yield part[:limit]
        limit -= len(part)
        if limit <= 0:
            return


def stream_parameters(request: Request) -> Any:
    """Those that pages have as well; `view.asked` reads the others."""
    given = request.query_params.copy()
    for name in set(given) - set(shared(StreamQuery).fields):
        del given[name]
    return given


def file_name(view: Any, renderer: RowsRenderer) -> str:
    """As BTCUSDT-candles-1h.csv: what a browser saves the rows as."""
    asked = view.asked()
    parts = (asked.get("symbol"), view.rows_name, asked.get("interval"))
    return f"{'-'.join(filter(None, parts))}.{renderer.format}"
