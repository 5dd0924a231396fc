"""Findings in words: a line per symbol, then what is wrong, where, and what to run."""

from collections.abc import Iterator

from ..formats.counts import counted
from ..formats.instants import iso
from .findings import Findings, Kind

INDENT = "    "

FETCH = "To fetch them: manage.py repair_gaps {symbol}"
WITHHELD = "Gaps that it could not repair, and why: /api/gaps/?symbol={symbol}&status=open"
FETCH_FALSE = "To check these gaps: manage.py repair_gaps {symbol}"
COARSE = "To rebuild these from the minutes: manage.py verify_prices --refold {symbol}"
REFOLD = "To rebuild these candles from their ticks: manage.py verify_prices --refold {symbol}"
MISDATED = (
    "To delete them and fetch them again: manage.py verify_prices --remove-misdated {symbol}, "
    "then manage.py repair_gaps {symbol}"
)
STRAYS = (
    "To ask the exchange, and delete those that it does not know: "
    "manage.py verify_prices --remove-strays {symbol}"
)
FILL = "To fill in these volumes from the ticks: manage.py verify_prices --refold {symbol}"
PAST = "They cannot be rebuilt: their ticks were pruned."
BY_HAND = (
    "The tape does not show which of these ticks are wrong. Delete them in manage.py dbshell, "
    "then run manage.py verify_prices {symbol} and manage.py repair_gaps {symbol} "
    "to fetch them again."
)


def lines(findings: Findings) -> Iterator[str]:
    """The report on one symbol: the summary, then indented details. Lines have no newline."""
    yield f"{findings.symbol}: {summary(findings)}"
    yield from (f"{INDENT}{line}" for line in details(findings))


def summary(found: Findings) -> str:
    if found.is_complete and not found.ticks:
        return "no tick yet"
    verdict = "complete" if found.is_complete else ", ".join(troubles(found))
    figures = [
        counted(found.ticks, "tick"),
        counted(found.trades, "trade"),
        counted(found.minutes, "minute"),
    ]
    if found.void:
        figures.append(f"{counted(found.void, 'void trade id')}")
    figures += pruned(found)
    if found.removed:
        figures.append(f"{counted(found.removed, 'misdated tick')} removed")
    if found.strays_removed:
        figures.append(f"{counted(found.strays_removed, 'stray tick')} removed")
    if found.unfilled:
        figures.append(f"{counted(found.unfilled, 'candle')} without all of their volumes")
    if found.rebuilt:
        figures.append(f"{counted(found.rebuilt, 'candle')} rebuilt")
    if found.compared is not None:
        figures.append(f"{counted(found.compared, 'minute')} compared with the exchange's")
    return f"{verdict}{', ' if found.is_complete else '; '}{', '.join(figures)}"


def pruned(found: Findings) -> Iterator[str]:
    if found.kept_since is not None:
        yield f"ticks kept since {iso(found.kept_since)}"
    if found.past:
        yield f"{counted(found.past, 'candle')} of pruned ticks"
    if found.given_up:
        yield f"{counted(found.given_up, 'gap')} in pruned ranges that are no longer repaired"


def troubles(found: Findings) -> Iterator[str]:
    if found.known.count:
        yield f"{counted(found.known.count, 'known gap')} ({counted(found.known.trades, 'trade')})"
    if found.unknown.count:
        trades = counted(found.unknown.trades, "trade")
        yield f"{counted(found.unknown.count, 'unknown gap')} ({trades})"
    if found.overlaps.count:
        yield counted(found.overlaps.count, "overlap")
    if found.impossible.count:
        yield counted(found.impossible.count, "impossible tick")
    if found.misdated.count:
        yield f"{counted(found.misdated.count, 'impossible time')}"
    if found.strays.count:
        yield counted(found.strays.count, "stray tick")
    if found.false.count:
        yield f"{counted(found.false.count, 'false gap')} in the ledger"
    if found.candles.count:
        yield counted(found.candles.count, "wrong candle")
    if found.coarse.count:
        yield counted(found.coarse.count, "wrong coarse candle")
    if found.past_wrong.count:
        yield f"{counted(found.past_wrong.count, 'wrong candle')} of pruned ticks"
    if found.explained:
        yield f"{counted(found.explained, 'candle')} with missing trades"
    if found.differing.count:
        yield f"{counted(found.differing.count, 'minute')} different from the exchange's"


def details(found: Findings) -> Iterator[str]:
    yield from cut(found.unknown)
    yield from cut(found.known)
    if found.unknown.count or found.known.count or found.explained:
        yield FETCH.format(symbol=found.symbol) + rebuilding(found.explained)
    if found.known.count:
        yield WITHHELD.format(symbol=found.symbol)
    yield from listed(found, found.misdated, MISDATED)
    yield from listed(found, found.strays, STRAYS)
    yield from listed(found, found.false, FETCH_FALSE)
    yield from listed(found, found.candles, REFOLD)
    yield from listed(found, found.coarse, COARSE)
    if found.unfilled:
        yield FILL.format(symbol=found.symbol)
    yield from listed(found, found.past_wrong, PAST)
    yield from cut(found.overlaps)
    yield from cut(found.impossible)
    yield from cut(found.differing)
    if found.overlaps.count or found.impossible.count or found.differing.count:
        yield BY_HAND.format(symbol=found.symbol)


def listed(found: Findings, kind: Kind, advice: str) -> Iterator[str]:
    yield from cut(kind)
    if kind.count:
        yield advice.format(symbol=found.symbol)


def cut(kind: Kind) -> Iterator[str]:
    yield from kind.lines
    if kind.count > len(kind.lines):
        yield f"and {kind.count - len(kind.lines):,} more"


def rebuilding(candles: int) -> str:
    if not candles:
        return ""
    return f" - that also rebuilds {counted(candles, 'candle')} with missing trades"
