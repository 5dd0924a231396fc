"""Values as the exchange writes them."""

from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

from ..minutes import EPOCH, MICROSECOND

# Prices, quantities and volumes have eight decimals, zeros included; changes in percent have three.
EIGHT = Decimal("0.00000001")
THREE = Decimal("0.001")

# The widest column has 46 digits, and a day has a few more.
EXACT = Context(prec=60)


def decimal(number: Decimal) -> str:
    """With eight decimals. Further ones, which only quote volumes have, are cut off."""
    return format(number.quantize(EIGHT, ROUND_DOWN, EXACT), "f")


def mean(total: Decimal, volume: Decimal) -> str:
    """A volume-weighted price, rounded to eight decimals."""
    return format(EXACT.divide(total, volume).quantize(EIGHT, ROUND_HALF_EVEN, EXACT), "f")


def percent(before: Decimal, after: Decimal) -> str:
    return format(
        EXACT.divide((after - before) * 100, before).quantize(THREE, ROUND_HALF_EVEN, EXACT), "f"
    )


def time(instant: datetime, unit: int) -> int:
    """Since 1970, in units of so many microseconds."""
    return (instant - EPOCH) // MICROSECOND // unit


def instant(time: int) -> datetime:
    """Of microseconds since 1970. Bounds of a request are clamped to years that exist."""
    return EPOCH + time * MICROSECOND
