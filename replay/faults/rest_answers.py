"""Which REST responses are affected by faults, and how."""

import math

from ..limits import Refusal
from .fault import Fault
from .rest_pages import Page, error_page, sign_in_page
from .schedule import FaultSchedule

RETRY_AFTER = "5"  # seconds, when the fault does not say

TOO_MANY = "Too many requests queued."
BANNED = (
    "Way too much request weight used; IP banned until {until}."
    " Please use WebSocket Streams for live updates to avoid bans."
)


def is_cut_off(faults: FaultSchedule, symbol: str) -> bool:
    return _hit(faults, "rest-down", symbol) is not None


def is_truncated(faults: FaultSchedule, symbol: str) -> bool:
    return _hit(faults, "rest-truncate", symbol) is not None


def delay(faults: FaultSchedule, symbol: str) -> float:
    """Seconds that the response takes."""
    fault = _hit(faults, "rest-slow", symbol)
    return float(fault.options["delay"]) if fault else 0


def instead(faults: FaultSchedule, symbol: str, wall: float) -> Page | Refusal | None:
    """What is sent instead of a response. `wall`: seconds since 1970."""
    fault = _hit(faults, "rest-status", symbol)
    if fault is None:
        return sign_in_page() if _hit(faults, "rest-html", symbol) else None
    status = int(fault.options["status"])
    if status in (418, 429):
        return _refusal(status, int(fault.options.get("retry-after", RETRY_AFTER)), wall)
    # The exchange's own errors are JSON; when it is not even reached, its gateway says so in HTML.
    body = fault.options.get("body", "json" if status == 500 else "html")
    return error_page(status, as_json=body == "json")


def _hit(faults: FaultSchedule, name: str, symbol: str) -> Fault | None:
    """The fault that affects this response, by its seconds or its count."""
    fault = faults.lasting(name, symbol)
    if fault is None or fault.seconds < math.inf:
        return fault
    return faults.use(name, symbol)


def _refusal(status: int, seconds: int, wall: float) -> Refusal:
    until = int((wall + seconds) * 1000)
    return Refusal(status, seconds, BANNED.format(until=until) if status == 418 else TOO_MANY)
