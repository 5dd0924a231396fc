"""Minutes of UTC: half-open, each named by the instant at which it begins."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


def minute_number(instant: datetime) -> int:
    """The number of the UTC minute that holds an aware instant, counted from the epoch."""
    return (instant - EPOCH) // MINUTE


def minute_start(instant: datetime) -> datetime:
    return EPOCH + minute_number(instant) * MINUTE
