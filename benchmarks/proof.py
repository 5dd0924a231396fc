"""Whether a grown tape is whole, gives the right answers, and can prove that they are."""

import random

from .grown import Grown, Past

# Places that are looked at.
PLACES = 200

# Symbols whose ticks do not hold all trades from the first to the last.
TORN = """
SELECT array_agg(symbol_id) FROM (
    SELECT symbol_id FROM prices_price GROUP BY symbol_id
    HAVING sum(trades) <> max(first_trade + trades) - min(first_trade)
) AS torn
"""


def prove(grown: Grown, past: Past) -> None:
    """Raises RuntimeError when trades are missing, an answer is wrong, or is not known to be
    complete.
    """
    from django.db import connection

    from prices.coverage import Verdict
    from prices.models import Price

    with connection.cursor() as cursor:
        cursor.execute(TORN)
        check(cursor.fetchone(), (None,), "symbols with missing trades")
    drawn = random.Random(grown.ticks)  # noqa: S311
    for _ in range(PLACES):
        name, instant, minute = grown.symbol(drawn), grown.instant(drawn), grown.minute(drawn)
        tick, coverage = Price.objects.as_of(name, instant)
        found = (tick.timestamp, tick.price) if tick else None
        check(found, past.price_at(name, instant), f"{name} at {instant}")
        check(coverage.verdict, Verdict.COMPLETE, f"{name} at {instant}")
        candle, coverage = Price.objects.minute(name, minute)
        ends = (candle.high, candle.low) if candle else None
        check(ends, past.minute(name, minute), f"{name} in {minute}")
        check(coverage.verdict, Verdict.COMPLETE, f"{name} in {minute}")


def check(found: object, right: object, asked: str) -> None:
    if found != right:
        raise RuntimeError(f"{asked}: found {found}, and {right} is right.")
