"""Answers of the API in the words of the page. `static/prices/wording.js` says the same in the browser."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from ..api.views import NOT_AVAILABLE
from ..exact import decimal_text
from ..instants import iso, naive_iso, parse

MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

# What the API says of a symbol that was registered just now.
NEW = {
    "live": False,
    "down_since": None,
    "lag": None,
    "ticks_per_second": None,
    "change_24h": None,
    "open_gaps": "0",
}

# So many feeds that are not live are told one by one.
NAMED = 2


class Moment(NamedTuple):
    """An instant for people and for scripts: date and time of UTC; `cut`: to the second, where no more is needed."""

    iso: str
    text: str
    cut: bool = False


def moment(text: str, cut: bool = False) -> Moment:
    """Of an instant in whichever dialect."""
    whole = shown(text)
    return Moment(utc(text), whole[:19] if cut else whole, cut)


def of_latest(body: dict[str, Any]) -> dict[str, Any]:
    age = datetime.now(UTC) - parse(body["timestamp"]).instant
    traded = f"{body['price']} at {utc(body['timestamp'])}"
    return {**of_tick(body), "age": ago(age), "copy": copied(body, traded)}


def of_price_at(body: dict[str, Any]) -> dict[str, Any]:
    asked = {"asked": moment(body["timestamp"]), **proof(body)}
    if body["price"] == NOT_AVAILABLE:
        none = f"no trade at or before {utc(body['timestamp'])}"
        return {**asked, "nothing": True, "copy": copied(body, none)}
    traded = body["actual_timestamp"]
    return {
        **asked,
        "price": body["price"],
        "instant": moment(traded),
        "earlier": spell(parse(body["timestamp"]).instant - parse(traded).instant),
        "copy": copied(body, f"{body['price']} at {utc(traded)}"),
    }


def of_minute(body: dict[str, Any]) -> dict[str, Any]:
    high, low = body["high"], body["low"]
    traded = "no trade" if high is None else f"high {high} low {low}"
    return {
        **proof(body),
        "minute": moment(body["minute"]),
        "nothing": high is None,
        "high": high,
        "low": low,
        "copy": copied(body, f"{traded} in the minute from {utc(body['minute'])}"),
    }


def copied(body: dict[str, Any], found: str) -> str:
    """An answer in one line, to be taken elsewhere."""
    return f"{body['symbol']} {found} ({body['coverage']['verdict']})"


def of_tick(body: dict[str, Any]) -> dict[str, Any]:
    return {"price": body["price"], "instant": moment(body["timestamp"]), **proof(body)}


def proof(body: dict[str, Any]) -> dict[str, Any]:
    coverage = body["coverage"]
    through = coverage["complete_through"]
    return {
        "symbol": body["symbol"],
        "verdict": coverage["verdict"],
        "through": through and moment(through),
        "gaps": [
            [f"{gap['status']}: from ", moment(gap["from"]), " to ", moment(gap["to"])]
            for gap in coverage["gaps"]
        ],
    }


def of_row(newest: dict[str, Any] | None, symbol: Mapping[str, Any]) -> dict[str, Any]:
    """A symbol in the table: its newest tick, if it has one, and the state of its tape."""
    since, lag = symbol["down_since"], symbol["lag"]
    return {
        **(of_tick(newest) if newest else {"verdict": "unknown", "waiting": True}),
        **of_change(symbol["change_24h"]),
        "rate": symbol["ticks_per_second"] or NONE,
        "lag": delay(lag) if lag else NONE,
        "open": symbol["open_gaps"],
        "feed": "live" if symbol["live"] else "down" if since else "unheard",
        "since": since and moment(since, cut=True),
    }


def of_change(percent: str | None) -> dict[str, str]:
    if percent is None:
        return {"change": NONE, "turn": "level"}
    if percent == "0":
        return {"change": "0 %", "turn": "level"}
    fell = percent.startswith("-")
    size = percent.lstrip("-")
    return {"change": f"{MINUS if fell else '+'}{size} %", "turn": "fell" if fell else "rose"}


def delay(seconds: str) -> str:
    """A lag as far as it matters: milliseconds below a second."""
    lag = Decimal(seconds)
    if abs(lag) < 1:
        whole = int((lag * 1000).to_integral_value(ROUND_HALF_UP))
        words = f"{whole} ms"
    else:
        words = f"{lag.quantize(Decimal('0.1'), ROUND_HALF_UP)} s"
    return words.replace("-", MINUS)


def summary(symbols: Sequence[dict[str, Any]]) -> list[str | Moment]:
    """One sentence or a few on all feeds."""
    silent = [symbol for symbol in symbols if not symbol["live"]]
    gaps = sum(int(symbol["open_gaps"]) for symbol in symbols)
    opened = f"{gaps} {'gaps are' if gaps > 1 else 'gap is'} open." if gaps else "No gap is open."
    return [*of_feeds(silent, len(symbols)), opened]


def of_feeds(silent: Sequence[dict[str, Any]], among: int) -> list[str | Moment]:
    if not silent:
        return ["All feeds live. "]
    if len(silent) > NAMED:
        told: list[str | Moment] = [f"{len(silent)} of {among} feeds are not live. "]
    else:
        told = [part for symbol in silent for part in of_silence(symbol)]
    return [*told, "Newer trades are not on the tape yet. "]


def of_silence(symbol: dict[str, Any]) -> list[str | Moment]:
    name, since = symbol["symbol"], symbol["down_since"]
    if since is None:
        return [f"{name}: nothing heard yet. "]
    return [f"{name}: the feed is down since ", moment(since, cut=True), ". "]


def shown(instant: str) -> str:
    """An instant in whichever dialect, as date and time of UTC."""
    return naive_iso(parse(instant).instant).replace("T", " ")


def utc(instant: str) -> str:
    return iso(parse(instant).instant)


def ago(passed: timedelta) -> str:
    """In whole seconds: so well do two clocks agree."""
    return spell(passed - passed % SECOND) if passed >= SECOND else "less than 1 s"


def spell(passed: timedelta) -> str:
    """A length of time to the microsecond: 1 d 3 min 0.015761 s."""
    minutes, micros = divmod(passed // MICROSECOND, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if n]
    return " ".join([*parts, f"{decimal_text(Decimal(micros).scaleb(-6))} s"])
