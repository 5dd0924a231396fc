"""The price at an instant, without the model around it: thousands of them are asked for at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connections

from ..coverage import OPEN, KnownTape, TouchingGap, Verdict
from ..sql import statement

AS_OF_MANY = statement("read/as_of_many")


class Question(NamedTuple):
    """A symbol by name, and an aware instant."""

    symbol: str
    instant: datetime


class PriceAt(NamedTuple):
    """The last tick at or before an instant, and the verdict; without a tick its fields are None.

    trade: the first trade id of the tick.
    """

    price: Decimal | None
    timestamp: datetime | None
    trade: int | None
    age: timedelta | None
    verdict: Verdict


def ask(alias: str, questions: Sequence[Question]) -> list[PriceAt | None]:
    """The answers in order, by one statement; None where no symbol has the name."""
    found: list[PriceAt | None] = [None] * len(questions)
    wanted: dict[str, Any] = {
        "numbers": list(range(len(questions))),
        "symbols": [question.symbol for question in questions],
        "instants": [question.instant for question in questions],
        "names": list({question.symbol for question in questions}),
    }
    with connections[alias].cursor() as cursor:
        cursor.execute(AS_OF_MANY, wanted)
        for number, trade, when, price, newest, watermark, torn in cursor.fetchall():
            instant = questions[number].instant
            gaps = (TouchingGap(when, instant, OPEN),) if torn else ()
            coverage = KnownTape(newest, watermark, gaps, None).of_price(
                instant, found=price is not None
            )
            age = None if when is None else instant - when
            found[number] = PriceAt(price, when, trade, age, coverage.verdict)
    return found
