"""Answers of the API in the words of the page. `static/prices/wording.js` says the same in the browser."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from .api.views import NOT_AVAILABLE
from .exact import decimal_text
from .instants import naive_iso, parse

MICROSECOND = timedelta(microseconds=1)


def of_latest(body: dict[str, Any]) -> dict[str, Any]:
    return {"price": body["price"], "instant": shown(body["timestamp"]), **proof(body)}


def of_price_at(body: dict[str, Any]) -> dict[str, Any]:
    asked = {"asked": shown(body["timestamp"]), **proof(body)}
    if body["price"] == NOT_AVAILABLE:
        return {"nothing": True, **asked}
    traded = body["actual_timestamp"]
    lag = spell(parse(body["timestamp"]).instant - parse(traded).instant)
    return {"price": body["price"], "instant": shown(traded), "lag": lag, **asked}


def of_minute(body: dict[str, Any]) -> dict[str, Any]:
    asked = {"minute": shown(body["minute"]), **proof(body)}
    if body["high"] is None:
        return {"nothing": True, **asked}
    return {"high": body["high"], "low": body["low"], **asked}


def proof(body: dict[str, Any]) -> dict[str, Any]:
    coverage = body["coverage"]
    through = coverage["complete_through"]
    return {
        "verdict": coverage["verdict"],
        "through": through and shown(through),
        "gaps": [
            f"{gap['status']}: from {shown(gap['from'])} to {shown(gap['to'])} UTC"
            for gap in coverage["gaps"]
        ],
    }


def shown(instant: str) -> str:
    """An instant in whichever dialect, as date and time of UTC."""
    return naive_iso(parse(instant).instant).replace("T", " ")


def spell(passed: timedelta) -> str:
    """A length of time to the microsecond: 1 d 3 min 0.015761 s."""
    minutes, micros = divmod(passed // MICROSECOND, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if n]
    return " ".join([*parts, f"{decimal_text(Decimal(micros).scaleb(-6))} s"])
