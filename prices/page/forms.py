"""The three questions as forms: as they are suggested, or as they were sent, with the answer.

Each is put to the API's own view: what is refused, in which words, and what an answer holds is decided there alone. The
page's script does the same over HTTP and fills in the same template.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from rest_framework.response import Response

from ..api.views import PriceViewSet
from ..instants import naive_iso, parse
from ..keys import minute_start
from . import wording
from .inner import put, read


class Question(NamedTuple):
    """What the page knows of a question: the API's view of it, and the words around it and for an answer."""

    title: str
    lead: str
    view: Callable[[HttpRequest], Response]
    words: Callable[[dict[str, Any]], dict[str, Any]]
    nothing: str = ""
    # The label of the instant, and its step in seconds; empty: the question is not about an instant.
    when: str = ""
    step: int = 1


# By the names of their URLs.
QUESTIONS = {
    "latest": Question(
        title="Latest price",
        lead="The newest trade on the tape.",
        view=PriceViewSet.as_view({"get": "latest"}),
        words=wording.of_latest,
    ),
    "price-at-second": Question(
        title="Price at an instant",
        lead="The last trade at or before it.",
        view=PriceViewSet.as_view({"get": "price_at_second"}),
        words=wording.of_price_at,
        nothing="No trade at or before this instant is on the tape.",
        when="Instant",
    ),
    "minmax": Question(
        title="High and low of a minute",
        lead="Of all trades in it; seconds are cut off.",
        view=PriceViewSet.as_view({"get": "minmax"}),
        words=wording.of_minute,
        nothing="No trade of this minute is on the tape.",
        when="Minute",
        step=60,
    ),
}


@dataclass
class Form:
    """A question as it stands on the page: what is typed, and what is wrong with that or the answer to it."""

    name: str
    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    answer: dict[str, Any] | None = None

    @property
    def question(self) -> Question:
        return QUESTIONS[self.name]

    @property
    def api(self) -> str:
        return f"{reverse(self.name)}?{urlencode(with_coverage(self.typed))}"


def suggested(names: list[str], newest: Mapping[str, Any]) -> dict[str, Form]:
    """The forms before anything is typed: they hold questions to which there is an answer, if there is one to any."""
    symbol = next(iter([*newest, *names]), "")
    second = minute = ""
    if newest:
        traded: datetime = parse(newest[symbol]["timestamp"]).instant
        second = naive_iso(traded.replace(microsecond=0))
        minute = naive_iso(minute_start(traded)).removesuffix(":00")
    typed = {
        "latest": {"symbol": symbol},
        "price-at-second": {"symbol": symbol, "timestamp": second},
        "minmax": {"symbol": symbol, "timestamp": minute},
    }
    return {name: Form(name, typed[name]) for name in QUESTIONS}


def asked(name: str, typed: dict[str, str]) -> Form:
    """A form that was sent, with what the API says to it."""
    response = put(QUESTIONS[name].view, with_coverage(typed))
    body = read(response)
    if response.status_code == 200:
        return Form(name, typed, answer=QUESTIONS[name].words(body))
    # A 404 is about the symbol. What URLs must write as %2B people type as a plus.
    errors = {"symbol": [body["detail"]]} if "detail" in body else body
    words = {key: " ".join(why).replace("%2B", "+") for key, why in errors.items()}
    return Form(name, typed, errors=words)


def with_coverage(typed: Mapping[str, str]) -> dict[str, str]:
    return {**typed, "include": "coverage"}
