"""The tape in Django's admin: everything that is recorded, read-only."""

from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import lazy

from ..counter_names import COUNTERS
from ..formats.instants import parse
from ..minutes import minute_start
from ..models import Candle, CandleRow, Counter, Gap, Listing, Market, Price, Symbol, Tick
from ..models.gap import GapQuerySet
from ..models.symbol import SymbolQuerySet
from ..models.tick import ID_BITS, TickQuerySet
from .columns import exact, instant
from .tape import TapeAdmin

# Of the largest bigint.
MOST_DIGITS = len(str((1 << 63) - 1))


def title() -> str:
    if settings.DEMO:
        return "Price Tracker DEMO: replayed recorded prices, not today's"
    return "Price Tracker"


# Lazy, because tests switch the demo on and off.
admin.site.site_header = admin.site.site_title = lazy(title, str)()
admin.site.index_title = "Recorded market data (read-only)"


@admin.register(Tick)
class TickAdmin(TapeAdmin):
    table = Price
    list_display = (
        instant("timestamp", "traded at"),
        "symbol",
        exact("price"),
        exact("quantity"),
        "first_trade",
        "trades",
        "is_buyer_maker",
    )
    ordering = ("-timestamp", "-id")
    search_help_text = (
        "A symbol, an instant (ISO 8601 or epoch), or both: "
        "the ticks at or before it, newest first."
    )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Tick | None:
        # By the columns of an index. The id is computed from them.
        if not object_id.isdecimal() or len(object_id) > MOST_DIGITS:
            return None
        number, first_trade = divmod(int(object_id), 1 << ID_BITS)
        ticks = cast(TickQuerySet, self.get_queryset(request))
        return ticks.numbered(number, first_trade).first()

    def search(
        self, rows: QuerySet[Any], symbol: Symbol | None, instant: datetime | None
    ) -> QuerySet[Any]:
        if instant:
            rows = rows.filter(timestamp__lte=instant)
        return rows.filter(symbol=symbol.name) if symbol else rows


@admin.register(CandleRow)
class CandleAdmin(TapeAdmin):
    table = Candle
    list_display = (
        instant("minute", "minute"),
        "symbol",
        *map(exact, ("open", "high", "low", "close", "volume")),
        *map(exact, ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")),
        "trades",
        "first_trade",
        "last_trade",
    )
    # The order of the primary key. There is no index on the minute alone.
    ordering = ("-number", "-minute")
    search_help_text = (
        "A symbol, an instant (ISO 8601 or epoch): its minute for each symbol; or both: "
        "the minutes of the symbol up to that one, newest first."
    )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> CandleRow | None:
        # By the columns of the index. The id is computed from them.
        name, _, minute = object_id.partition(" ")
        try:
            start = parse(minute).instant
        except ValueError:
            return None
        numbers = list(Symbol.objects.filter(name=name).values_list("pk", flat=True))
        return self.get_queryset(request).filter(number__in=numbers, minute=start).first()

    def search(
        self, rows: QuerySet[Any], symbol: Symbol | None, instant: datetime | None
    ) -> QuerySet[Any]:
        if symbol:
            rows = rows.filter(number=symbol.pk)
            return rows.filter(minute__lte=minute_start(instant)) if instant else rows
        if instant:
            numbers = list(Symbol.objects.values_list("pk", flat=True))
            return rows.filter(number__in=numbers, minute=minute_start(instant))
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

    def search(
        self, rows: QuerySet[Any], symbol: Symbol | None, instant: datetime | None
    ) -> QuerySet[Any]:
        if symbol:
            rows = rows.filter(symbol=symbol)
        return cast(GapQuerySet, rows).touching(instant, instant) if instant else rows


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return cast(SymbolQuerySet, super().get_queryset(request)).with_feed()

    @admin.display(boolean=True)
    def live(self, symbol: Any) -> bool:
        return bool(symbol.live)

    @admin.display(description="lag (s)")
    def lag_seconds(self, symbol: Symbol) -> str | None:
        # Python would write a negative time span as days before hours.
        return f"{symbol.lag.total_seconds():.6f}" if symbol.lag is not None else None


@admin.register(Counter)
class CounterAdmin(TapeAdmin):
    list_display = ("name", "value", "meaning")
    ordering = ("name",)
    search_fields = ()

    @admin.display(empty_value="-")
    def meaning(self, counter: Counter) -> str | None:
        return COUNTERS.get(counter.name)


@admin.register(Market)
class MarketAdmin(TapeAdmin):
    list_display = ("name",)
    ordering = ("id",)
    search_fields = ()


@admin.register(Listing)
class ListingAdmin(TapeAdmin):
    list_display = ("symbol", instant("checked_at", "checked at"), "body")
    ordering = ("symbol__name",)
    list_select_related = ("symbol",)
    search_fields = ()
