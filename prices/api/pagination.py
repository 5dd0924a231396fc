"""Pages that stay fast and exact however far a client reads: nothing is counted or skipped.

Each page begins where the previous one ended. DRF's own `CursorPagination` has the same idea, but
orders by one field and counts an offset among rows that share its value; any number of ticks may
share an instant.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.utils.urls import replace_query_param

from ..candle_intervals import FOREVER
from ..minutes import EPOCH, MICROSECOND
from ..models import TickRange
from ..models.series import Series
from ..models.written_candle import WrittenCandle
from .query_params import DESCENDING, MAX_PAGE_SIZE, ORDERS, PageQuery, read

# What a bigint can hold.
KEYS = range(-(1 << 63), 1 << 63)


class KeysetPagination(BasePagination):
    """Rows by key, or by (`instant`, key) when a subclass names an instant.

    The newest come first, unless they are wanted in the other order. Parameters: those of
    `PageQuery`. Raises ValidationError.
    """

    query_serializer_class = PageQuery
    instant: str | None = None
    keys = KEYS

    def paginate_queryset(self, rows: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        asked = read(PageQuery, request.query_params)
        limit = asked["limit"]
        position = self.read(asked["cursor"]) if "cursor" in asked else ()
        descending = asked.get("order", DESCENDING) == DESCENDING
        found = self.part(rows, limit + 1, descending, *position)
        self.next = self.write(found[limit - 1]) if len(found) > limit else None
        return found[:limit]

    def part(self, rows: Any, limit: int, descending: bool, *position: Any) -> list[Any]:
        """Up to `limit` rows in this order; with a position, of those after it."""
        if position:
            rows = self.after(rows, descending, *position)
        names = [self.instant, "pk"] if self.instant else ["pk"]
        sign = "-" if descending else ""
        return list(rows.order_by(*(sign + name for name in names))[:limit])

    def after(
        self, rows: QuerySet[Any], descending: bool, key: int, instant: datetime | None = None
    ) -> QuerySet[Any]:
        side = "lt" if descending else "gt"
        if self.instant is None:
            return rows.filter(**{f"pk__{side}": key})
        # The first condition is for the index; the second orders the ticks of one instant.
        rows = rows.filter(**{f"{self.instant}__{side}e": instant})
        return rows.filter(Q(**{f"{self.instant}__{side}": instant}) | Q(**{f"pk__{side}": key}))

    def parts(self, rows: Any, size: int, descending: bool) -> Iterator[list[Any]]:
        """All rows, up to `size` at a time. Each part is a short query of its own."""
        found = self.part(rows, size, descending)
        while found:
            yield found
            found = self.part(rows, size, descending, *self.position(found[-1]))

    def position(self, row: Any) -> list[Any]:
        """Where a row stands: its key, and its instant."""
        return [row.pk, getattr(row, self.instant)] if self.instant else [row.pk]

    def write(self, row: Any) -> str:
        key, *instant = self.position(row)
        numbers = [key, *((each - EPOCH) // MICROSECOND for each in instant)]
        return base64.urlsafe_b64encode(".".join(map(str, numbers)).encode()).decode()

    def read(self, cursor: str) -> list[Any]:
        try:
            key, *micros = map(int, base64.urlsafe_b64decode(cursor).decode().split("."))
            if key not in self.keys or len(micros) != (1 if self.instant else 0):
                raise ValueError(cursor)
            return [key, *(EPOCH + n * MICROSECOND for n in micros)]
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                {"cursor": ["Must be taken from `next` of the previous page."]}
            ) from error

    def get_paginated_response(self, rows: list[Any]) -> Response:
        url = self.request.build_absolute_uri()
        following = self.next and replace_query_param(url, "cursor", self.next)
        return Response({"next": following, "results": rows})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": following, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        schemas: dict[str, dict[str, Any]] = {
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
            "cursor": {"type": "string"},
            "order": {"type": "string", "enum": list(ORDERS)},
        }
        fields = PageQuery().fields
        return [
            {"name": name, "in": "query", "schema": schema, "description": fields[name].help_text}
            for name, schema in schemas.items()
        ]


class TickPagination(KeysetPagination):
    instant = "timestamp"

    def part(self, rows: TickRange, limit: int, descending: bool, *position: Any) -> list[Any]:
        if descending:
            return super().part(rows.rows, limit, descending, *position)
        return list(islice(rows.oldest_first(limit, *position), limit))

    def parts(self, rows: TickRange, size: int, descending: bool) -> Iterator[list[Any]]:
        if descending:
            yield from super().parts(rows, size, descending)
            return
        ticks = rows.oldest_first(size)
        while found := list(islice(ticks, size)):
            yield found


class CandlePagination(KeysetPagination):
    """Candles are folded page by page. A cursor is the second at which one begins."""

    keys = range(FOREVER)

    def position(self, row: WrittenCandle) -> list[int]:
        return [row.second]

    def part(
        self, rows: Series, limit: int, descending: bool, *position: int
    ) -> list[WrittenCandle]:
        return rows.newest(limit, *position) if descending else rows.oldest(limit, *position)
