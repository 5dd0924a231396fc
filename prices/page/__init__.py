"""The page at /: the state of the tape, the chart, and the three questions as forms."""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from pricetracker import __version__, reasons

from ..models import Price, Symbol
from . import wording
from .forms import QUESTIONS, sent, suggested

logger = logging.getLogger(__name__)

# The intervals that the page draws, of all that there are.
SHOWN = ("1m", "5m", "15m", "1h", "4h", "1d")

FIELDS = ("symbol", "timestamp")

# With more symbols than this the table scrolls in its own frame, and can be filtered.
FEW = 12


class Page(View):
    """Read only: a View answers GET, HEAD and OPTIONS, and everything else with 405."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            response = render(request, "prices/page.html", context(request))
        except OperationalError as error:
            logger.error("Database unavailable: %s", reasons.first(error))  # noqa: TRY400 - the reason says all
            response = render(
                request,
                "prices/away.html",
                {"demo": settings.DEMO},
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        response["Cache-Control"] = "no-store"
        return response


# Nothing here needs a CSRF token: without this, a POST would get that error. And there
# is no secret that could be guessed from the size of a compressed page.
page = csrf_exempt(gzip_page(Page.as_view()))


def context(request: HttpRequest) -> dict[str, Any]:
    newest = {tick.symbol.name: (tick, coverage) for tick, coverage in Price.objects.latest()}
    symbols = Symbol.objects.with_state()
    traded = {name: tick.timestamp for name, (tick, _) in newest.items()}
    forms = suggested([symbol.name for symbol in symbols], traded)
    if (name := request.GET.get("question")) in QUESTIONS:
        forms[name] = sent(name, {key: request.GET[key] for key in FIELDS if key in request.GET})
    return {
        "demo": settings.DEMO,
        "latest": {
            symbol.name: wording.of_row(newest.get(symbol.name), symbol) for symbol in symbols
        },
        "new": wording.of_row(None, None),
        "summary": wording.summary(symbols),
        "few": FEW,
        "intervals": SHOWN,
        "forms": forms.values(),
        "version": __version__,
    }
