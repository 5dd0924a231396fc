"""The page at /: the state of the tape at once, the chart's place, and the three questions as forms.

It puts each question to the API's own view, within the process: what is refused, in which words, and what an answer
holds is decided there alone. The page's script does the same over HTTP and fills in the same template.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from rest_framework.response import Response

from pricetracker import reasons

from . import wording
from .api.renderers import ExactJSONRenderer
from .api.state import SymbolViewSet
from .api.views import PriceViewSet
from .instants import naive_iso, parse
from .keys import minute_start
from .models.candle import INTERVALS

logger = logging.getLogger(__name__)

FIELDS = ("symbol", "timestamp")

STATIC = settings.BASE_DIR / "static"

# What the page's script imports, one file through another: named at once, all of it comes at once.
MODULES = sorted(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*js") if path.name != "page.js"
)

# With more symbols than this the table scrolls in its own frame, and can be filtered.
FEW = 12

# Nothing but our own files runs or is shown, and nobody frames the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


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

SYMBOLS = SymbolViewSet.as_view({"get": "list"})


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


class Page(View):
    """Read only: a View answers GET, HEAD and OPTIONS, and says 405 to all else."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            response = render(request, "prices/page.html", context(request))
        except OperationalError as error:
            logger.error("The database does not answer: %s", reasons.first(error))  # noqa: TRY400 - the reason says all
            response = render(
                request,
                "prices/away.html",
                {"demo": settings.DEMO},
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Cache-Control"] = "no-store"
        return response


# Nothing is changed here that needed a token: without this, a POST would be told that it lacks one. And there is no secret
# that could be guessed from the size of a compressed page.
page = csrf_exempt(gzip_page(Page.as_view()))


def context(request: HttpRequest) -> dict[str, Any]:
    newest = {
        body["symbol"]: body for body in read(put(QUESTIONS["latest"].view, with_coverage({})))
    }
    symbols = read(put(SYMBOLS, {}))
    names = [symbol["symbol"] for symbol in symbols]
    forms = suggested(names, newest)
    if (name := request.GET.get("question")) in QUESTIONS:
        forms[name] = asked(name, {key: request.GET[key] for key in FIELDS if key in request.GET})
    return {
        "demo": settings.DEMO,
        "latest": {
            name: wording.of_row(newest.get(name), symbol)
            for name, symbol in zip(names, symbols, strict=True)
        },
        "new": wording.of_row(None, wording.NEW),
        "summary": wording.summary(symbols),
        "few": FEW,
        "modules": MODULES,
        "intervals": list(INTERVALS),
        "forms": forms.values(),
    }


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


def put(view: Callable[[HttpRequest], Response], query: Mapping[str, str]) -> Response:
    """Ask a view of the API. What else the browser sent to the page is none of its business. Raises OperationalError."""
    request = HttpRequest()
    request.method = "GET"
    request.GET = QueryDict(urlencode(query))
    response = view(request)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise OperationalError(response.data["detail"])
    return response


def with_coverage(typed: Mapping[str, str]) -> dict[str, str]:
    return {**typed, "include": "coverage"}


def read(response: Response) -> Any:
    """The body as a client gets it, each number in its own digits."""
    return json.loads(ExactJSONRenderer().render(response.data), parse_float=str, parse_int=str)
