"""System check: whether the proxy that the environment names can be used to reach the exchange."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from .exchange.proxies import BadProxy, choose


def bad_proxy() -> str | None:
    """What is wrong with the proxy variables, in one sentence; None when they can be used."""
    try:
        for url in (settings.BINANCE_WS_URL, settings.BINANCE_REST_URL):
            choose(url, os.environ)
    except BadProxy as error:
        return str(error)
    return None


@register(Tags.security)
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    """Only a warning: most commands never connect to the exchange, and a demo has its own."""
    found = None if settings.DEMO else bad_proxy()
    if found is None:
        return []
    return [
        Warning(
            found,
            hint="Commands that connect to the exchange refuse to start until it is corrected.",
            id="prices.W001",
        )
    ]
