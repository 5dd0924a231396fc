"""exchangeInfo: the recorded symbols, as the exchange described them at the last check."""

from typing import Any

from ..models import Listing
from . import symbols
from .endpoint import Answer, Asked, endpoint
from .weights import LIMIT
from .written import time

WEIGHT = 20


@endpoint("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus", weight=WEIGHT)
def exchange_info(asked: Asked) -> Answer:
    """A symbol that was never checked has no description, and is left out.

    The parameters that choose by permission or status change nothing: what is recorded is shown.
    """
    names = symbols.some(asked.params)
    found = Listing.objects.order_by("symbol__name")
    if names is not None:
        found = found.filter(symbol__name__in=names)
    body = {
        "timezone": "UTC",
        "serverTime": time(asked.now, asked.unit),
        "rateLimits": [_rate_limit()],
        "exchangeFilters": [],
        "symbols": list(found.values_list("body", flat=True)),
    }
    return Answer(body)


def _rate_limit() -> dict[str, Any]:
    return {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": LIMIT,
    }
