"""Pages that stay fast and exact however far one reads: each begins where the last one ended, nothing is counted."""

import base64
import re
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.utils.urls import replace_query_param

from ..minutes import EPOCH, MICROSECOND, minute_number
from ..models.candle import FOREVER, FoldedCandle, Series

# ASCII digits alone, and few: Python reads other scripts' digits too, and refuses to read thousands.
SHORT_NUMBER = re.compile(r"[0-9]{1,9}")

# What a bigint can hold.
KEYS = range(-(1 << 63), 1 << 63)


class KeysetPagination(BasePagination):
    """Rows newest first: by (`instant`, key), as any number of ticks may share an instant, or by key alone.

    Parameters: `limit`, rows a page; `cursor`, where the page begins, taken from `next` of the page before.
    """

    page_size = 100
    max_page_size = 1000
    instant: str | None = None
    keys = KEYS

    def paginate_queryset(self, rows: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        limit = self.limit(request.query_params.get("limit"))
        cursor = request.query_params.get("cursor")
        found = self.newest(rows, limit + 1, *(self.read(cursor) if cursor is not None else ()))
        self.next = self.write(found[limit - 1]) if len(found) > limit else None
        return found[:limit]

    def newest(self, rows: Any, limit: int, *position: Any) -> list[Any]:
        """So many rows, or, when a position is given, so many of those after it."""
        if position:
            rows = self.after(rows, *position)
        order = [f"-{self.instant}", "-pk"] if self.instant else ["-pk"]
        return list(rows.order_by(*order)[:limit])

    def after(
        self, rows: QuerySet[Any], key: int, instant: datetime | None = None
    ) -> QuerySet[Any]:
        if self.instant is None:
            return rows.filter(pk__lt=key)
        # The first condition alone would do for the index; the second settles the ticks of one instant.
        rows = rows.filter(**{f"{self.instant}__lte": instant})
        return rows.filter(Q(**{f"{self.instant}__lt": instant}) | Q(pk__lt=key))

    def limit(self, text: str | None) -> int:
        if text is None:
            return self.page_size
        if not SHORT_NUMBER.fullmatch(text) or not 1 <= int(text) <= self.max_page_size:
            raise ValidationError(
                {"limit": [f"Must be a whole number from 1 to {self.max_page_size}."]}
            )
        return int(text)

    def position(self, row: Any) -> list[int]:
        """Numbers that tell where a row stands."""
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
        return [
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "maximum": self.max_page_size},
            },
            {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        ]


class TickPagination(KeysetPagination):
    instant = "timestamp"


class CandlePagination(KeysetPagination):
    """Candles are folded page by page. A cursor is the number of the minute at which one begins."""

    keys = range(FOREVER)

    def position(self, row: FoldedCandle) -> list[int]:
        return [minute_number(row.minute)]

    def newest(self, rows: Series, limit: int, *position: int) -> list[FoldedCandle]:
        return rows.newest(limit, *position)
