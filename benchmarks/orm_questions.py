"""The questions as Django's ORM puts them, with the same answers and the same coverage.

The fewest queries in which each part is one descent of an index. The symbol comes first in a query
of its own: joined by name, PostgreSQL would sort all of its ticks. To be of one snapshot, as ours
are, they would need a transaction around them, which is not counted here.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, JSONObject, Now

from prices.coverage import GAPS_LISTED, Coverage, KnownTape, TouchingGap, of_latest
from prices.minutes import MINUTE
from prices.models import Candle, Gap, Price, Symbol
from prices.models.symbol import heard_lately

BEGINNING = datetime.min.replace(tzinfo=UTC)
DAY = timedelta(days=1)
# Over which the rate of ticks is counted.
LATELY = timedelta(seconds=10)

NEWEST_FIRST = ("-timestamp", "-first_trade")
OPEN_FIRST = (Case(When(status="open", then=0), default=1), "starts")


def symbols() -> QuerySet[Any]:
    """With the watermark of those that are live."""
    return Symbol.objects.annotate(watermark=Case(When(heard_lately(), then="heard_through")))


def newest() -> QuerySet[Any]:
    return Price.objects.filter(symbol=OuterRef("pk")).order_by(*NEWEST_FIRST)


def latest(name: str) -> tuple[Price, Coverage]:
    """Three queries."""
    symbol = symbols().get(name=name)
    price = Price.objects.filter(symbol=symbol).order_by(*NEWEST_FIRST)[0]
    later = Gap.objects.filter(symbol=symbol, status="open", last_trade__gt=price.first_trade)
    gaps = touching(later.order_by("last_trade"))
    return price, of_latest(price.timestamp, symbol.watermark, gaps)


def latest_of_all() -> list[tuple[Price, Coverage]]:
    """Two queries. The price goes through JSON as text, as a number it would become a float."""
    columns: dict[str, Any] = {name: name for name in ("first_trade", "timestamp", "trades")}
    row = JSONObject(**columns, price=Cast("price", CharField()))
    found = list(symbols().annotate(newest=Subquery(newest().values(row=row)[:1])))
    still_open = list(Gap.objects.filter(status="open").order_by("last_trade"))
    answers = []
    for symbol in found:
        if symbol.newest is None:
            continue
        cells = symbol.newest if isinstance(symbol.newest, dict) else json.loads(symbol.newest)
        price = Price(
            symbol=symbol,
            first_trade=cells["first_trade"],
            timestamp=datetime.fromisoformat(cells["timestamp"]),
            trades=cells["trades"],
            price=Decimal(cells["price"]),
        )
        later = [
            gap
            for gap in still_open
            if gap.symbol_id == symbol.pk and gap.last_trade > price.first_trade
        ]
        gaps = tuple(TouchingGap(gap.starts, gap.ends, gap.status) for gap in later[:GAPS_LISTED])
        answers.append((price, of_latest(price.timestamp, symbol.watermark, gaps)))
    return answers


def as_of(name: str, instant: datetime) -> tuple[Price | None, Coverage]:
    """Four queries, two where there is no price."""
    symbol = symbols().annotate(newest=Subquery(newest().values("timestamp")[:1])).get(name=name)
    known = Price.objects.filter(symbol=symbol, timestamp__lte=instant)
    pruned = symbol.pruned_through or BEGINNING
    price = known.filter(timestamp__gte=pruned).order_by(*NEWEST_FIRST).first()
    if price is None:
        return None, KnownTape(symbol.newest, symbol.watermark, (), None).of_price(instant, False)
    later = Gap.objects.filter(symbol=symbol, last_trade__gt=price.first_trade)
    gaps = touching(later.touching(price.timestamp, instant).order_by(*OPEN_FIRST))
    torn = first_start(later.filter(ends__gte=price.timestamp))
    known_tape = KnownTape(symbol.newest, symbol.watermark, gaps, torn)
    return price, known_tape.of_price(instant, found=True)


def minute(name: str, start: datetime) -> tuple[Candle | None, Coverage]:
    """Four queries."""
    began = Candle.objects.filter(symbol=OuterRef("pk")).order_by("minute").values("minute")
    parts = {"newest": newest().values("timestamp"), "began": began}
    found = symbols().annotate(now=Now(), **{name: Subquery(q[:1]) for name, q in parts.items()})
    symbol = found.get(name=name)
    candle = Candle.objects.filter(symbol=symbol, minute=start).first()
    end = start + (MINUTE - timedelta.resolution)
    of_symbol = Gap.objects.filter(symbol=symbol)
    gaps = touching(of_symbol.touching(start, end).order_by(*OPEN_FIRST))
    torn = first_start(of_symbol.filter(ends__gte=start))
    known_tape = KnownTape(symbol.newest, symbol.watermark, gaps, torn)
    return candle, known_tape.of_minute(start, symbol.began, symbol.now)


def candles(symbol: Symbol, end: datetime, limit: int) -> list[Candle]:
    """One query. Candles of wider intervals would have to be folded from these in Python."""
    found = Candle.objects.filter(symbol=symbol, minute__lt=end).order_by("-minute")
    return list(found[:limit])


def touching(gaps: QuerySet[Any]) -> tuple[TouchingGap, ...]:
    found = gaps.values_list("starts", "ends", "status")[:GAPS_LISTED]
    return tuple(TouchingGap(*each) for each in found)


def first_start(gaps: QuerySet[Any]) -> datetime | None:
    found = gaps.filter(status="open").order_by("last_trade").values_list("starts", flat=True)
    start: datetime | None = found.first()
    return start


def state() -> list[Symbol]:
    """One query, in which the ORM writes out the newest tick wherever it is mentioned."""
    ticks = Price.objects.filter(symbol=OuterRef("pk"))
    gaps = Gap.objects.filter(symbol=OuterRef("pk"), status="open")
    day_before = ticks.filter(
        timestamp__lte=OuterRef("traded") - DAY,
        timestamp__gte=Coalesce(OuterRef("pruned_through"), Value(BEGINNING)),
    ).order_by(*NEWEST_FIRST)
    end = Greatest(OuterRef("traded"), OuterRef("heard_through"))
    lately = ticks.filter(timestamp__gt=end - LATELY, timestamp__lte=end)
    hidden = gaps.filter(
        last_trade__gt=OuterRef("before_trade"),
        ends__gte=OuterRef("before_at"),
        starts__lte=OuterRef("traded") - DAY,
    )
    # The model declares these for the readers of `with_state`.
    symbols: QuerySet[Any] = Symbol.objects.with_feed()
    found = (
        symbols.annotate(
            price=Subquery(newest().values("price")[:1]),
            traded=Subquery(newest().values("timestamp")[:1]),
        )
        .annotate(
            before_trade=Subquery(day_before.values("first_trade")[:1]),
            before_at=Subquery(day_before.values("timestamp")[:1]),
            before=Subquery(day_before.values("price")[:1]),
            ticks=Subquery(counted(lately)),
            open_gaps=Coalesce(Subquery(counted(gaps)), 0),
        )
        .annotate(
            price_day_before=Case(When(~Exists(hidden), then="before")),
            down_since=Case(When(live=False, then=Greatest("heard_through", "traded"))),
        )
    )
    return list(found)


def counted(rows: QuerySet[Any]) -> QuerySet[Any]:
    numbers: QuerySet[Any] = rows.order_by().values("symbol").annotate(n=Count("*")).values("n")
    return numbers
