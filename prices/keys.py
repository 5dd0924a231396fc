"""Tape keys: one bigint that says which symbol and which trade, or which minute.

A key is `symbol number << 44 | n`. For a tick, n is the exchange's first raw trade id in it; for a candle,
the minute's number since 1970-01-01T00:00Z. One column identifies a row, so storing it twice is a plain key
conflict; and neighbours in the key are neighbours on the tape.
"""

from datetime import UTC, datetime, timedelta

# Trade ids have passed 2^32 and grow by some 2^31 a year on the busiest symbol: 2^44 lasts for millennia,
# and leaves the smallint of the symbol its 15 bits below the sign.
SHIFT = 44
MASK = (1 << SHIFT) - 1
MAX_KEY = (1 << 63) - 1

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def key(symbol: int, n: int) -> int:
    return symbol << SHIFT | n


def symbol_of(key: int) -> int:
    return key >> SHIFT


def trade_of(key: int) -> int:
    """The raw trade id in a tick's key."""
    return key & MASK


def minute_number(instant: datetime) -> int:
    """The number of the UTC minute that holds an aware instant."""
    return (instant - EPOCH) // MINUTE


def minute_start(instant: datetime) -> datetime:
    return EPOCH + minute_number(instant) * MINUTE
