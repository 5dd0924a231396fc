"""The tape in Django's admin."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import lazy

from ..keys import MASK, MAX_KEY, key, minute_number, symbol_of
from ..models import Candle, Gap, Price, Symbol
from .columns import exact, instant
from .tape import ROWS, TapeAdmin


def title() -> str:
    if settings.DEMO:
        return "Price Tracker DEMO: replayed recorded prices, not today's"
    return "Price Tracker"


# Lazy, as tests switch the demo on and off.
admin.site.site_header = admin.site.site_title = lazy(title, str)()
admin.site.index_title = "Recorded market data (read-only)"


@admin.register(Price)
class PriceAdmin(TapeAdmin):
    list_display = (
        instant("timestamp", "traded at"),
        "symbol",
        exact("price"),
        exact("quantity"),
        "first_trade",
        "trades",
    )
    list_select_related = ("symbol",)
    ordering = ("-timestamp", "-id")
    search_help_text = "A symbol, an instant (ISO 8601 or epoch), or both: the ticks at or before it, newest first."

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Price | None:
        # The index is by symbol and id, and the id says whose it is.
        if not object_id.isdecimal() or len(object_id) > len(str(MAX_KEY)):
            return None
        found = int(object_id)
        return self.get_queryset(request).filter(symbol=symbol_of(found), pk=found).first()

    def search(self, rows: QuerySet, symbol: Symbol | None, instant: datetime | None) -> QuerySet:
        if instant:
            rows = rows.filter(timestamp__lte=instant)
        if symbol:
            return rows.filter(symbol=symbol)
        # The index is by symbol and time. Read symbol by symbol, each to a bound, they are merged without a sort.
        ticks = [rows.filter(symbol=each)[:ROWS] for each in Symbol.objects.all()]
        return ticks[0].union(*ticks[1:], all=True).order_by(*self.ordering) if ticks else rows


@admin.register(Candle)
class CandleAdmin(TapeAdmin):
    list_display = (
        instant("minute", "minute"),
        "symbol",
        *map(exact, ("open", "high", "low", "close", "volume")),
        "trades",
        "first_trade",
        "last_trade",
    )
    list_select_related = ("symbol",)
    # The key is symbol and minute; there is no index on the minute alone.
    ordering = ("-id",)
    search_help_text = (
        "A symbol, an instant (ISO 8601 or epoch): its minute for each symbol; or both: "
        "the minutes of the symbol up to that one, newest first."
    )

    def search(self, rows: QuerySet, symbol: Symbol | None, instant: datetime | None) -> QuerySet:
        minute = minute_number(instant) if instant else MASK
        if minute < 0:
            return rows.none()
        if symbol:
            return rows.filter(pk__range=(key(symbol.pk, 0), key(symbol.pk, minute)))
        if instant:
            numbers = Symbol.objects.values_list("pk", flat=True)
            return rows.filter(pk__in=[key(number, minute) for number in numbers])
        return rows


@admin.register(Gap)
class GapAdmin(TapeAdmin):
    list_display = (
        instant("starts", "from"),
        instant("ends", "to"),
        "symbol",
        "status",
        "first_trade",
        "last_trade",
        instant("opened_at", "opened"),
        instant("closed_at", "closed"),
        "source",
        "ticks",
        "attempts",
        "last_error",
    )
    list_select_related = ("symbol",)
    ordering = ("-id",)
    search_help_text = (
        "A symbol, an instant (ISO 8601 or epoch), or both: the gaps that touch it, newest first."
    )

    def search(self, rows: QuerySet, symbol: Symbol | None, instant: datetime | None) -> QuerySet:
        if symbol:
            rows = rows.filter(symbol=symbol)
        return rows.touching(instant, instant) if instant else rows


@admin.register(Symbol)
class SymbolAdmin(TapeAdmin):
    list_display = (
        "name",
        "live",
        instant("heard_through", "complete through"),
        instant("heard_at", "last heartbeat"),
        "lag_seconds",
    )
    ordering = ("name",)
    search_fields = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_feed()

    @admin.display(boolean=True)
    def live(self, symbol: Any) -> bool:
        return bool(symbol.live)

    @admin.display(description="lag (s)")
    def lag_seconds(self, symbol: Symbol) -> str | None:
        # Not as Python writes a time span: a negative one would be days before hours.
        return f"{symbol.lag.total_seconds():.6f}" if symbol.lag is not None else None
