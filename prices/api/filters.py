"""What the lists can be filtered by.

To add a filter, add its query parameter and its lookup to the class of the list below. Validation,
schema and browsable API follow.

These are DRF filter backends, and not django-filter's: its form fields read an empty value as none,
take the last of a repeated parameter, read times leniently and no epochs, and are set up again for
each request; the API refuses the first two, and reads instants in one way everywhere.
"""

from collections.abc import Collection
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from ..candle_intervals import INTERVALS
from ..models import Gap, Symbol, TickRange
from ..models.series import Series
from .errors import NeverRecorded
from .fields import InstantParameter, SymbolField, SymbolsField
from .query_params import include_field, interval_field


class RangeFilters(serializers.Serializer[Any]):
    """The filters that every list has: a symbol, and a range of time.

    `lookups`: the lookup of the ORM by which each parameter filters.
    """

    lookups: ClassVar[dict[str, str]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a keyword of Python, which no class attribute can be named after.
        return {
            "symbol": SymbolField(required=False, help_text="Only this symbol."),
            "symbols": SymbolsField(
                required=False, help_text="Only these symbols, separated by commas."
            ),
            "from": InstantParameter(required=False, help_text="At or after this instant."),
            "to": InstantParameter(required=False, help_text="Before this instant."),
            **super().get_fields(),
        }


class TickFilters(RangeFilters):
    lookups: ClassVar = {
        "symbol": "symbol",
        "symbols": "symbol__in",
        "from": "timestamp__gte",
        "to": "timestamp__lt",
    }


class GapFilters(RangeFilters):
    """Gaps that overlap the range of time."""

    lookups: ClassVar = {
        "symbol": "symbol__name",
        "symbols": "symbol__name__in",
        "from": "ends__gte",
        "to": "starts__lt",
        "status": "status",
    }
    status = serializers.ChoiceField(
        Gap.Status.choices,
        required=False,
        help_text="Only gaps of this status.",
        error_messages={"invalid_choice": "Must be open, repaired or void."},
    )


class CandleFilters(serializers.Serializer[Any]):
    """Of which symbol and range, and how long each candle is. `CandleFilter` applies them."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "symbol": SymbolField(help_text="A recorded symbol, in any case."),
            "from": InstantParameter(
                required=False, help_text="Candles that begin at or after this instant."
            ),
            "to": InstantParameter(
                required=False, help_text="Candles that begin before this instant."
            ),
            "interval": interval_field(),
            "include": include_field("`coverage`: add the coverage of each candle."),
        }


class RowFilter(BaseFilterBackend):
    """Filters by the parameters that `query_serializer_class` of the view declares."""

    def filter_queryset(self, request: Request, rows: QuerySet[Any], view: Any) -> QuerySet[Any]:
        asked = view.asked()
        if "symbol" in asked:
            recorded(asked["symbol"])
        all_recorded(asked.get("symbols", frozenset()))
        lookups = view.query_serializer_class.lookups
        return rows.filter(**{lookups[name]: value for name, value in asked.items()})


class TickFilter(RowFilter):
    """Makes a `TickRange`, which reads ticks in either order."""

    def filter_queryset(self, request: Request, rows: QuerySet[Any], view: Any) -> Any:
        rows, asked = super().filter_queryset(request, rows, view), view.asked()
        symbols = Symbol.objects.all()
        if "symbol" in asked:
            symbols = symbols.filter(name=asked["symbol"])
        if "symbols" in asked:
            symbols = symbols.filter(name__in=asked["symbols"])
        names = dict(symbols.values_list("pk", "name"))
        return TickRange(rows, names, asked.get("from"), asked.get("to"))


class CandleFilter(BaseFilterBackend):
    """Makes a `Series` of the candles of one symbol and interval, which folds them page by page."""

    def filter_queryset(self, request: Request, candles: Any, view: Any) -> Any:
        asked = view.asked()
        return Series(
            recorded(asked["symbol"]),
            INTERVALS[asked["interval"]],
            asked.get("from"),
            asked.get("to"),
            coverage="coverage" in asked["include"],
        )


def recorded(name: str) -> Symbol:
    """The symbol of that name. Raises NeverRecorded."""
    symbol = Symbol.objects.filter(name=name).first()
    if symbol is None:
        raise NeverRecorded(name)
    return symbol


def all_recorded(names: Collection[str]) -> None:
    """Raises NeverRecorded for the first name that no symbol has."""
    if names:
        for unknown in sorted(set(names) - set(Symbol.objects.names())):
            raise NeverRecorded(unknown)
