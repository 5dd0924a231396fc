"""Answers in the words of the page. `static/prices/wording.js` says the same in the browser."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from ..coverage import Coverage, Verdict
from ..formats.decimals import decimal_text
from ..formats.instants import iso, naive_iso
from ..minutes import MICROSECOND
from ..models import Candle, Price, Symbol

SECOND = timedelta(seconds=1)

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

# Up to this many feeds that are not live are listed one by one.
NAMED = 2


# Seconds. From here on milliseconds would round up to 1000.
NEARLY_ONE = Decimal("0.9995")

# The values that a template fills in, by their names there.
Words = dict[str, Any]


class Moment(NamedTuple):
    """An instant for people and for scripts: date and time in UTC.

    `cut`: to the second, where no more is needed.
    """

    iso: str
    text: str
    cut: bool = False


def moment(instant: datetime, cut: bool = False) -> Moment:
    whole = shown(instant)
    return Moment(iso(instant), whole[:19] if cut else whole, cut)


def of_latest(tick: Price, coverage: Coverage) -> Words:
    age = datetime.now(UTC) - tick.timestamp
    symbol = tick.symbol.name
    return {
        **of_tick(tick, coverage),
        "age": ago(age),
        "copy": copied(symbol, traded(tick), coverage),
    }


def of_price_at(symbol: str, asked: datetime, tick: Price | None, coverage: Coverage) -> Words:
    words = {"asked": moment(asked), **proof(symbol, coverage)}
    if tick is None:
        none = f"no trade at or before {iso(asked)}"
        return {**words, "nothing": True, "copy": copied(symbol, none, coverage)}
    return {
        **words,
        "price": decimal_text(tick.price),
        "instant": moment(tick.timestamp),
        "earlier": spell(asked - tick.timestamp),
        "copy": copied(symbol, traded(tick), coverage),
    }


def of_minute(symbol: str, start: datetime, candle: Candle | None, coverage: Coverage) -> Words:
    high, low = (decimal_text(candle.high), decimal_text(candle.low)) if candle else (None, None)
    found = f"high {high} low {low}" if candle else "no trade"
    return {
        **proof(symbol, coverage),
        "minute": moment(start),
        "nothing": candle is None,
        "high": high,
        "low": low,
        "copy": copied(symbol, f"{found} in the minute from {iso(start)}", coverage),
    }


def traded(tick: Price) -> str:
    return f"{decimal_text(tick.price)} at {iso(tick.timestamp)}"


def copied(symbol: str, found: str, coverage: Coverage) -> str:
    """An answer in one line, for the clipboard."""
    return f"{symbol} {found} ({coverage.verdict})"


def of_tick(tick: Price, coverage: Coverage) -> Words:
    return {
        "price": decimal_text(tick.price),
        "instant": moment(tick.timestamp),
        **proof(tick.symbol.name, coverage),
    }


def proof(symbol: str, coverage: Coverage) -> Words:
    through = coverage.complete_through
    return {
        "symbol": symbol,
        "verdict": coverage.verdict.value,
        "through": through and moment(through),
        "gaps": [
            [f"{gap.status}: from ", moment(gap.starts), " to ", moment(gap.ends)]
            for gap in coverage.gaps
        ],
    }


def of_row(newest: tuple[Price, Coverage] | None, symbol: Symbol | None) -> Words:
    """A symbol in the table: its newest tick, if it has one, and the state of its tape.

    `symbol` is None when it was just registered.
    """
    tick = of_tick(*newest) if newest else {"verdict": Verdict.UNKNOWN.value, "waiting": True}
    if symbol is None:
        return {**tick, **of_change(None), "rate": NONE, "lag": NONE, "open": 0, "feed": "unheard"}
    since, lag, rate = symbol.down_since, symbol.lag_seconds, symbol.ticks_per_second
    return {
        **tick,
        **of_change(symbol.change_24h),
        "rate": NONE if rate is None else decimal_text(rate),
        "lag": NONE if lag is None else delay(lag),
        "open": symbol.open_gaps,
        "feed": "live" if symbol.live else "down" if since else "unheard",
        "since": since and moment(since, cut=True),
    }


def of_change(percent: Decimal | None) -> Words:
    if percent is None:
        return {"change": NONE, "turn": "level"}
    if not percent:
        return {"change": "0 %", "turn": "level"}
    sign, turn = (MINUS, "fell") if percent < 0 else ("+", "rose")
    return {"change": f"{sign}{decimal_text(abs(percent))} %", "turn": turn}


def delay(lag: Decimal) -> str:
    """Seconds, as precisely as it matters: in milliseconds below one."""
    if abs(lag) < NEARLY_ONE:
        whole = int((lag * 1000).to_integral_value(ROUND_HALF_UP))
        words = f"{whole} ms"
    else:
        words = f"{lag.quantize(Decimal('0.1'), ROUND_HALF_UP)} s"
    return words.replace("-", MINUS)


def summary(symbols: Sequence[Symbol]) -> list[str | Moment]:
    """One sentence or a few on all feeds."""
    down = [symbol for symbol in symbols if not symbol.live]
    gaps = sum(symbol.open_gaps for symbol in symbols)
    opened = f"{gaps} {'gaps are' if gaps > 1 else 'gap is'} open." if gaps else "No gap is open."
    return [*of_feeds(down, len(symbols)), opened]


def of_feeds(down: Sequence[Symbol], among: int) -> list[str | Moment]:
    if not down:
        return ["All feeds live. "]
    if len(down) > NAMED:
        parts: list[str | Moment] = [f"{len(down)} of {among} feeds are not live. "]
    else:
        parts = [part for symbol in down for part in of_outage(symbol)]
    return [*parts, "Newer trades are not on the tape yet. "]


def of_outage(symbol: Symbol) -> list[str | Moment]:
    if symbol.down_since is None:
        return [f"{symbol.name}: no data yet. "]
    return [
        f"{symbol.name}: the feed has been down since ",
        moment(symbol.down_since, cut=True),
        ". ",
    ]


def shown(instant: datetime) -> str:
    """Date and time in UTC."""
    return naive_iso(instant).replace("T", " ")


def ago(passed: timedelta) -> str:
    """In whole seconds, which is as well as two clocks agree."""
    return spell(passed - passed % SECOND) if passed >= SECOND else "less than 1 s"


def spell(passed: timedelta) -> str:
    """A length of time to the microsecond: 1 d 3 min 0.015761 s."""
    minutes, micros = divmod(passed // MICROSECOND, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if n]
    return " ".join([*parts, f"{decimal_text(Decimal(micros).scaleb(-6))} s"])
