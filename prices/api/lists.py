"""The lists: rows of the tape that touch a range of time, newest first."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from ..models import Candle, Gap, Symbol
from ..models.candle import INTERVALS, Series
from . import query_params, serializers
from .base import NeverRecorded, TapeViewSet
from .pagination import CandlePagination, KeysetPagination


def recorded(name: str) -> Symbol:
    """The symbol of that name. Raises NeverRecorded."""
    symbol = Symbol.objects.filter(name=name).first()
    if symbol is None:
        raise NeverRecorded(name)
    return symbol


def bounds(asked: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    start, end = (asked[name].instant if name in asked else None for name in ("from", "to"))
    return start, end


class RangeViewSet(ListModelMixin, TapeViewSet):
    """A list of rows that have a symbol and an instant."""

    pagination_class = KeysetPagination
    question = query_params.RangeQuestion

    def filter_queryset(self, rows: Any) -> QuerySet[Any]:
        asked = self.asked(self.question)
        name = recorded(asked["symbol"]).name if "symbol" in asked else None
        chosen: QuerySet[Any] = rows.between(name, *bounds(asked))
        return chosen


class CandleViewSet(RangeViewSet):
    """Candles of a symbol, at one of several intervals; `minute` is the instant at which each begins.

    Intervals are aligned to UTC midnight. An interval in which nothing was traded has no candle.
    """

    queryset = Candle.objects.all()
    serializer_class = serializers.CandleAnswer
    pagination_class = CandlePagination
    question = query_params.CandlesQuestion

    # No QuerySet: a page is folded from as many minutes as it needs.
    def filter_queryset(self, rows: QuerySet[Any]) -> Series:  # type: ignore[override]
        asked = self.asked(self.question)
        minutes = INTERVALS[asked["interval"]]
        return Series(recorded(asked["symbol"]), minutes, *bounds(asked))

    @extend_schema(parameters=[query_params.CandlesQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)


class GapViewSet(RangeViewSet):
    """Gaps in the tape, open and closed, that overlap a time range; the newest entry first."""

    queryset = Gap.objects.select_related("symbol")
    serializer_class = serializers.GapAnswer
    question = query_params.GapsQuestion

    def filter_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        status = self.asked(self.question).get("status")
        return super().filter_queryset(rows.filter(status=status) if status else rows)

    @extend_schema(parameters=[query_params.GapsQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)
