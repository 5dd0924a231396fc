"""The three questions as forms: as suggested, or as sent, with the answer or the errors.

The query serializers of the API decide what is refused, and in which words. The page's script asks
the API itself over HTTP and fills in the same template.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from rest_framework.serializers import Serializer, ValidationError, as_serializer_error

from ..api.errors import NeverRecorded
from ..api.query_params import InstantQuery, LatestQuery
from ..api.shared import shared
from ..formats.instants import naive_iso
from ..minutes import minute_start
from ..models import Price, Symbol
from . import wording


class Question(NamedTuple):
    """A question on the page: how its parameters are read, how it is answered, and its texts."""

    title: str
    lead: str
    query: type[Serializer[Any]]
    answer: Callable[[dict[str, Any]], wording.Words]
    nothing: str = ""
    # The label of the instant, and its step in seconds; empty: the question is not about an
    # instant.
    when: str = ""
    step: int = 1


def latest(asked: dict[str, Any]) -> wording.Words:
    if "symbol" not in asked:
        raise ValidationError({"symbol": ["This field is required."]})
    found = Price.objects.latest(symbols=[asked["symbol"]])
    if not found:
        raise Symbol.DoesNotExist
    return wording.of_latest(*found[0])


def price_at(asked: dict[str, Any]) -> wording.Words:
    symbol, instant = asked["symbol"], asked["timestamp"].instant
    return wording.of_price_at(symbol, instant, *Price.objects.as_of(symbol, instant))


def minute(asked: dict[str, Any]) -> wording.Words:
    symbol, start = asked["symbol"], minute_start(asked["timestamp"].instant)
    return wording.of_minute(symbol, start, *Price.objects.minute(symbol, start))


# By the names of their URLs.
QUESTIONS = {
    "latest": Question(
        title="Latest price",
        lead="The newest trade on the tape.",
        query=LatestQuery,
        answer=latest,
    ),
    "price-at-second": Question(
        title="Price at an instant",
        lead="The last trade at or before it.",
        query=InstantQuery,
        answer=price_at,
        nothing="No trade at or before this instant is on the tape.",
        when="Instant",
    ),
    "minmax": Question(
        title="High and low of a minute",
        lead="Of all trades in that minute; seconds are ignored.",
        query=InstantQuery,
        answer=minute,
        nothing="No trade of this minute is on the tape.",
        when="Minute",
        step=60,
    ),
}


@dataclass
class Form:
    """A question on the page: what is typed, and the answer to it or its errors."""

    name: str
    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    answer: wording.Words | None = None

    @property
    def question(self) -> Question:
        return QUESTIONS[self.name]

    @property
    def api(self) -> str:
        return f"{reverse(self.name)}?{urlencode({**self.typed, 'include': 'coverage'})}"


def suggested(names: list[str], newest: Mapping[str, datetime]) -> dict[str, Form]:
    """The forms before anything is typed.

    They hold questions that have an answer, if any question has one. `newest` is the instant of the
    newest tick by symbol.
    """
    symbol = next(iter([*newest, *names]), "")
    second = start = ""
    if newest:
        traded = newest[symbol]
        second = naive_iso(traded.replace(microsecond=0))
        start = naive_iso(minute_start(traded)).removesuffix(":00")
    typed = {
        "latest": {"symbol": symbol},
        "price-at-second": {"symbol": symbol, "timestamp": second},
        "minmax": {"symbol": symbol, "timestamp": start},
    }
    return {name: Form(name, typed[name]) for name in QUESTIONS}


def sent(name: str, typed: dict[str, str]) -> Form:
    """A form that was sent, answered. Raises OperationalError when the database is unavailable."""
    question = QUESTIONS[name]
    try:
        asked = shared(question.query).run_validation(typed)
        return Form(name, typed, answer=question.answer(asked))
    except ValidationError as error:
        errors: Mapping[str, Sequence[str]] = as_serializer_error(error)
    except Symbol.DoesNotExist:
        errors = {"symbol": [str(NeverRecorded(asked["symbol"]))]}
    # What URLs must write as %2B people type as a plus.
    words = {key: " ".join(why).replace("%2B", "+") for key, why in errors.items()}
    return Form(name, typed, errors=words)
