"""The end of every torture: the tape holds exactly what the exchange traded, and can prove it."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from prices.exchange.messages import AggTrade, micros
from prices.models import Price, Symbol
from replay.clock import LAG
from replay.faults.fault import Fault
from replay.limits import Limits
from tests.support.local_exchange import BTC, ETH, HeldClock, Running
from tests.support.recorders import eventually
from tests.support.tapes import (
    expected_ticks,
    minutes,
    open_gaps,
    open_tape,
    recorded,
    stored_candles,
    stored_ticks,
)
from tests.support.trackers import SPEED

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Pings come as often, by the trackers' clock, as the real ones.
LIMITS = Limits(ping_interval=20 / SPEED, pong_timeout=60 / SPEED)


def beginnings(folder: Path, seconds: int) -> tuple[list[Path], list[AggTrade]]:
    """The first seconds of the recordings that ship: as files for the exchange, and as its
    ledger.
    """
    files, ledger = [], []
    for path in (BTC, ETH):
        ticks = recorded(path)
        ticks = [tick for tick in ticks if tick.traded < ticks[0].traded + seconds * 1000]
        rows = (
            f"{n},{t.price},{t.quantity},{t.first},{t.last},{t.traded},{t.is_buyer_maker},True\n"
            for n, t in enumerate(ticks, start=1)
        )
        files.append(folder / path.name.removesuffix(".gz"))
        files[-1].write_text("".join(rows), encoding="utf-8")
        ledger += ticks
    return files, ledger


def held(ledger: list[AggTrade]) -> HeldClock:
    """A clock that stands still as soon as each symbol has traded, until the tape has begun.

    Faults that come after that come in the midst of trading, however slow the machine is.
    """
    firsts = [micros(next(t.traded for t in ledger if t.symbol == symbol)) for symbol in SYMBOLS]
    return HeldClock(min(firsts), SPEED, max(firsts) + 2 * LAG)


def wait_until_played(exchange: Running, faults: Iterable[Fault]) -> None:
    """Until each fault has come upon somebody: one that nobody met has tested nothing."""
    names = {fault.name for fault in faults}
    played = exchange.exchange.faults.played
    try:
        eventually(lambda: names <= set(played()))
    except AssertionError:
        raise AssertionError(f"{names - set(played())} came upon nobody") from None


def wait_until_begun(ledger: list[AggTrade]) -> None:
    """Until the first tick of each symbol is on the tape. What was traded before a tape begins is
    not missing on it.
    """
    firsts = {symbol: next(t.first for t in ledger if t.symbol == symbol) for symbol in SYMBOLS}

    def begun() -> bool:
        numbers = Symbol.objects.in_bulk(field_name="name")
        keys = [(numbers[name].pk, first) for name, first in firsts.items() if name in numbers]
        return Price.objects.filter(pk__in=keys).count() == len(SYMBOLS)

    eventually(begun)


def wait_until_whole(ledger: list[AggTrade]) -> None:
    """Until there are as many ticks as there should be, and no open gap; else an error that says
    what is there.
    """
    found: dict[str, tuple[int, int]] = {}
    wanted = {symbol: (sum(t.symbol == symbol for t in ledger), 0) for symbol in SYMBOLS}
    try:
        eventually(lambda: found.update(counts()) or found == wanted)
    except AssertionError:
        raise AssertionError(f"ticks and open gaps are {found}, and never {wanted}") from None


def counts() -> dict[str, tuple[int, int]]:
    """Of each symbol the ticks and the open gaps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, (SELECT count(*) FROM prices_price WHERE symbol_id = symbol.id),"
            " (SELECT count(*) FROM prices_gap WHERE symbol_id = symbol.id AND status = 'open')"
            " FROM prices_symbol symbol"
        )
        return {name: (ticks, gaps) for name, ticks, gaps in cursor.fetchall()}


def check_whole(ledger: list[AggTrade], exchange: Running, *, times: bool = True) -> None:
    """Every tick once, candles and ids without fault, by our own audit too; and the exchange has no
    complaint.

    `times`: unless the exchange tells them differently every time.
    """
    with open_tape(*SYMBOLS) as tape:
        stored, expected = stored_ticks(), expected_ticks(tape, ledger)
    if not times:
        stored, expected = ([row[:2] + row[3:] for row in rows] for rows in (stored, expected))
    assert stored == expected
    assert stored_candles() == {key: asdict(candle) for key, candle in minutes(ledger).items()}
    assert [open_gaps(symbol) for symbol in SYMBOLS] == [[], []]
    call_command("verify_prices")
    assert exchange.exchange.judge.violations() == []
