"""The candles of one symbol at one interval, as far as they are asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..candle_intervals import FOREVER, Interval
from ..minutes import EPOCH
from .candle import Candle
from .price import Price
from .symbol import Symbol
from .written_candle import WrittenCandle

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Series:
    """The candles of a symbol at an interval that begin at or after `start` and before `end`.

    None: no such bound. Candles are whole: one that begins outside of the range is left out.
    coverage: whether each comes with its coverage.
    """

    symbol: Symbol
    interval: Interval
    start: datetime | None = None
    end: datetime | None = None
    coverage: bool = False

    def newest(self, limit: int, before: int | None = None) -> list[WrittenCandle]:
        """Up to `limit` candles, newest first.

        before: only those that begin before this second since 1970.
        """
        stop = self._stop if before is None else min(self._stop, self.interval.aligned(before))
        return self._written(limit, self._first, stop)

    def oldest(self, limit: int, after: int | None = None) -> list[WrittenCandle]:
        """Up to `limit` candles, oldest first.

        after: only those that begin after this second since 1970. Candles are folded in windows
        that begin where something was traded, so that an empty time costs nothing.
        """
        first = self._first
        if after is not None:
            first = max(first, self.interval.aligned(after + 1))
        found: list[WrittenCandle] = []
        while len(found) < limit and (begin := self._next(first)) is not None:
            lacking = limit - len(found)
            reach = min(begin + lacking * self.interval.length, FOREVER)
            first = min(self._stop, self.interval.aligned(reach))
            # The window may have more: months are shorter than the longest.
            found += self._written(2 * lacking, begin, first)[::-1][:lacking]
        return found

    @property
    def _first(self) -> int:
        """The first second at which an interval within the range begins."""
        return self._aligned(self.start) if self.start else 0

    @property
    def _stop(self) -> int:
        """The first beginning of an interval that is after the range."""
        return self._aligned(self.end) if self.end else FOREVER

    def _aligned(self, instant: datetime) -> int:
        """Where the first interval begins at or after an instant, or after 1970 began."""
        return self.interval.aligned(max(0, -((EPOCH - instant) // SECOND)))

    def _next(self, first: int) -> int | None:
        """Where the first interval within the range and from `first` on begins that has trades."""
        if first >= self._stop:
            return None
        since = EPOCH + first * SECOND
        instants = (
            Candle.objects.filter(symbol=self.symbol, minute__gte=since)
            .order_by("minute")
            .values_list("minute", flat=True)
            if self.interval.source
            else Price.objects.filter(symbol=self.symbol, timestamp__gte=since)
            .order_by("timestamp")
            .values_list("timestamp", flat=True)
        )
        found = instants.first()
        if found is None:
            return None
        begin = self.interval.start((found - EPOCH) // SECOND)
        return begin if begin < self._stop else None

    def _written(self, limit: int, first: int, stop: int) -> list[WrittenCandle]:
        return Candle.objects.written(
            [self.symbol.pk],
            self.interval,
            limit=limit,
            first=first,
            stop=stop,
            coverage=self.coverage,
        )
