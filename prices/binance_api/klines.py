"""klines and uiKlines: candles of an interval, oldest first, in twelve columns."""

import dataclasses
import re
from decimal import Decimal
from typing import Any

from replay.params import ParameterError, Params

from ..candle_intervals import HOUR, INTERVALS, MINUTE, Interval
from ..coverage import worst
from ..minutes import MICROSECOND
from ..models.series import Series
from ..models.written_candle import WrittenCandle
from . import symbols
from .endpoint import Answer, Asked, endpoint
from .written import decimal, instant

SECOND = 1_000_000  # microseconds

# Hours and minutes from UTC in which days, weeks and shorter intervals begin, as the exchange takes
# them.
TIME_ZONE = re.compile(r"([+-]?)(\d{1,2})(?::(\d\d))?", re.ASCII)
EARLIEST, LATEST = -12 * HOUR, 14 * HOUR


@endpoint("symbol", "interval", "startTime", "endTime", "timeZone", "limit", weight=2)
def klines(asked: Asked) -> Answer:
    """An interval in which nothing was traded has no row: none is invented."""
    params, now = asked.params, asked.microseconds
    symbol = symbols.one(params)
    interval = _interval(params)
    limit = params.limit()
    start, end = params.time("startTime", now), params.last_time("endTime", now)
    series = Series(
        symbol,
        interval,
        start=None if start is None else instant(start),
        # Bounds are included, and those of a series end before.
        end=None if end is None else instant(end) + MICROSECOND,
        coverage=True,
    )
    found = series.newest(limit)[::-1] if start is None else series.oldest(limit)
    verdict = worst(candle.coverage.verdict for candle in found if candle.coverage)
    return Answer([_row(candle, interval, asked.unit) for candle in found], verdict)


def _row(candle: WrittenCandle, interval: Interval, unit: int) -> list[Any]:
    ends = interval.end(candle.second) * SECOND
    return [
        candle.second * SECOND // unit,
        *map(_padded, (candle.open, candle.high, candle.low, candle.close, candle.volume)),
        ends // unit - 1,
        _padded(candle.quote_volume),
        candle.trades,
        _padded(candle.taker_buy_volume),
        _padded(candle.taker_buy_quote_volume),
        "0",
    ]


def _padded(text: str | None) -> str | None:
    return None if text is None else decimal(Decimal(text))


def _interval(params: Params) -> Interval:
    interval = INTERVALS.get(params.required("interval"))
    if interval is None:
        raise ParameterError(-1120, "Invalid interval.")
    offset = _offset(params.required("timeZone")) if "timeZone" in params else 0
    if offset == 0:
        return interval
    if interval.origin is None:
        raise ParameterError(
            -1130, "Data sent for parameter 'timeZone' is not valid: months are of UTC here."
        )
    return dataclasses.replace(interval, origin=interval.origin - offset)


def _offset(text: str) -> int:
    """Seconds east of UTC, of "8", "-1:00" or "05:45"."""
    found = TIME_ZONE.fullmatch(text)
    if found is not None:
        sign, hours, minutes = found.groups()
        seconds = int(hours) * HOUR + int(minutes or 0) * MINUTE
        seconds = -seconds if sign == "-" else seconds
        if int(minutes or 0) < 60 and EARLIEST <= seconds <= LATEST:
            return seconds
    raise ParameterError(-1130, "Data sent for parameter 'timeZone' is not valid.")
