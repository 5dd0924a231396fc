"""The exchange's own minute candles, from REST."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from .backoff import backoff
from .messages import Time, micros
from .rest import Rest
from .rest_errors import NO_JSON, Refused, Unanswered

# Request weight of a page, and the maximum number of rows in it.
WEIGHT = 2
ROWS = 1000

# How often a page is requested when there is no answer, with growing pauses: half a minute in
# total.
ATTEMPTS = 6

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000  # microseconds

# Zero is valid here: nobody may have traded.
Number = Annotated[str, Meta(pattern=r"^[0-9]{1,20}(\.[0-9]{1,20})?\Z")]


class Kline(Struct, frozen=True, array_like=True, gc=False):
    """A minute, from the columns of a row; further columns are ignored."""

    opens: Time
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    closes: Time
    quote_volume: Number
    trades: Annotated[int, Meta(ge=0)]

    @property
    def minute(self) -> datetime:
        return EPOCH + timedelta(microseconds=micros(self.opens))

    @property
    def values(self) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
        """Open, high, low, close and volume, exactly."""
        digits = (self.open, self.high, self.low, self.close, self.volume)
        open, high, low, close, volume = map(Decimal, digits)
        return open, high, low, close, volume


def minutes(rest: Rest, symbol: str, start: datetime, end: datetime) -> Iterator[Kline]:
    """The klines that open at or after `start` and before `end`, in order.

    The last one may still be open. A minute without trades has one, too; one in which the exchange
    was closed has none. Raises what `Rest.get` raises.
    """
    since, until = ((instant - EPOCH) // MICROSECOND for instant in (start, end))
    while since < until:
        rows = page(rest, symbol, since, until)
        yield from rows
        if len(rows) < ROWS:
            return
        since = micros(rows[-1].opens) + MINUTE


def page(rest: Rest, symbol: str, since: int, until: int) -> list[Kline]:
    """One page. When there is no valid answer, it is requested again a few times."""
    for wait in islice(backoff(), ATTEMPTS - 1):
        try:
            return ask(rest, symbol, since, until)
        except Refused:
            raise
        except Unanswered:
            rest.sleep(wait)
    return ask(rest, symbol, since, until)


def ask(rest: Rest, symbol: str, since: int, until: int) -> list[Kline]:
    body = rest.get(
        "klines",
        WEIGHT,
        symbol=symbol,
        interval="1m",
        startTime=since,
        endTime=until - 1,
        limit=ROWS,
    )
    try:
        rows = msgspec.json.decode(body, type=list[Kline])
    except NO_JSON as error:
        raise Unanswered(f"The exchange sent invalid klines: {error}.") from error
    last = since - MINUTE
    for row in rows:
        opens = micros(row.opens)
        if not last < opens < until or opens % MINUTE or opens < since:
            raise Unanswered("The exchange sent klines of minutes that were not requested.")
        last = opens
    return rows
