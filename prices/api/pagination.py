"""Pages that stay fast and exact however far a client reads: nothing is counted or skipped.

Each page begins where the previous one ended. DRF's own `CursorPagination` has the same idea, but
orders by one field and counts an offset among rows that share its value; any number of ticks may
share an instant.
"""

import base64
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.utils.urls import replace_query_param

from ..candle_intervals import FOREVER
from ..minutes import EPOCH, MICROSECOND
from ..models.series import Series
from ..models.written_candle import WrittenCandle
from .query_params import MAX_PAGE_SIZE, PageQuery, read

# What a bigint can hold.
KEYS = range(-(1 << 63), 1 << 63)


class KeysetPagination(BasePagination):
    """Rows newest first: by key, or by (`instant`, key) when a subclass names an instant.

    Parameters: those of `PageQuery`. Raises ValidationError.
    """

    query_serializer_class = PageQuery
    instant: str | None = None
    keys = KEYS

    def paginate_queryset(self, rows: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        asked = read(PageQuery, request.query_params)
        limit = asked["limit"]
        position = self.read(asked["cursor"]) if "cursor" in asked else ()
        found = self.newest(rows, limit + 1, *position)
        self.next = self.write(found[limit - 1]) if len(found) > limit else None
        return found[:limit]

    def newest(self, rows: Any, limit: int, *position: Any) -> list[Any]:
        """Up to `limit` rows; with a position, of those after it."""
        if position:
            rows = self.after(rows, *position)
        order = [f"-{self.instant}", "-pk"] if self.instant else ["-pk"]
        return list(rows.order_by(*order)[:limit])

    def after(
        self, rows: QuerySet[Any], key: int, instant: datetime | None = None
    ) -> QuerySet[Any]:
        if self.instant is None:
            return rows.filter(pk__lt=key)
        # The first condition is for the index; the second orders the ticks of one instant.
        rows = rows.filter(**{f"{self.instant}__lte": instant})
        return rows.filter(Q(**{f"{self.instant}__lt": instant}) | Q(pk__lt=key))

    def position(self, row: Any) -> list[int]:
        """Where a row stands: its key, and its instant in microseconds since 1970."""
        position = [row.pk]
        if self.instant:
            position.append((getattr(row, self.instant) - EPOCH) // MICROSECOND)
        return position

    def write(self, row: Any) -> str:
        position = self.position(row)
        return base64.urlsafe_b64encode(".".join(map(str, position)).encode()).decode()

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
        limit, cursor = (PageQuery().fields[name].help_text for name in ("limit", "cursor"))
        number = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
        return [
            {"name": "limit", "in": "query", "schema": number, "description": limit},
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": cursor,
            },
        ]


class TickPagination(KeysetPagination):
    instant = "timestamp"


class CandlePagination(KeysetPagination):
    """Candles are folded page by page. A cursor is the second at which one begins."""

    keys = range(FOREVER)

    def position(self, row: WrittenCandle) -> list[int]:
        return [row.second]

    def newest(self, rows: Series, limit: int, *position: int) -> list[WrittenCandle]:
        return rows.newest(limit, *position)
