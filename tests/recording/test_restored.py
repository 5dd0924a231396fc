"""What extends no claim: commands that audit and prune, and a backup that is restored."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection

from prices.coverage import Verdict
from prices.exchange.messages import AggTrade, micros
from prices.minutes import minute_start
from prices.models import Price, Symbol
from replay.faults.fault import Fault
from tests.make_tape import pg_dump
from tests.support.audits import verify
from tests.support.dumps import restored
from tests.support.local_exchange import HeldClock, local_exchange
from tests.support.recorders import eventually
from tests.support.tapes import clear, instant, open_gaps, open_tape, tick
from tests.support.trackers import SPEED, tracker
from tests.support.wholeness import LIMITS, SYMBOLS, beginnings

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = 1_000_000
COMPLETE = Verdict.COMPLETE

# Seconds of a recording: what is on the tape when it is dumped, and when recording goes on.
DUMPED = 20
RESUMED = 45
LONG = 70


def verdicts(begin: int, end: int) -> dict[tuple[str, str, int], Verdict]:
    """On every second of some time, in microseconds, and on what is the latest."""
    found = {}
    for symbol in SYMBOLS:
        for time in range(begin, end, SECOND):
            at = instant(time)
            found[symbol, "price", time] = Price.objects.as_of(symbol, at)[1].verdict
            minute = Price.objects.minute(symbol, minute_start(at))[1].verdict
            found[symbol, "minute", time] = minute
        for _, coverage in Price.objects.latest(symbols=[symbol]):
            found[symbol, "latest", 0] = coverage.verdict
    return found


def complete(begin: int, end: int) -> set[tuple[str, str, int]]:
    return {key for key, verdict in verdicts(begin, end).items() if verdict is COMPLETE}


def claims() -> list[tuple]:
    return list(Symbol.objects.values_list("name", "heard_at", "heard_through"))


@pytest.mark.parametrize(
    "command",
    [
        ["verify_prices"],
        ["verify_prices", "--refold"],
        ["verify_prices", "--remove-misdated"],
        ["prune_prices", "--keep", "2d"],
        ["migrate"],
    ],
    ids=" ".join,
)
def test_a_command_extends_no_claim(command: list[str]) -> None:
    ticks = [tick(n, n * 7, symbol=symbol) for n in range(1, 60) if n != 30 for symbol in SYMBOLS]
    with open_tape(*SYMBOLS) as tape:
        tape.store(ticks)
        tape.heartbeat(SYMBOLS, instant(ticks[-1].traded))
        tape.withdraw()
    span = ticks[0].traded - 60 * SECOND, ticks[-1].traded + 90 * SECOND
    before, claimed = complete(*span), claims()
    if command[0] == "verify_prices":
        verify(*command[1:])
    else:
        call_command(*command, verbosity=0)
    assert complete(*span) <= before
    assert claims() == claimed


def test_a_backup_is_complete_once_a_recorder_has_caught_up(tmp_path: Path) -> None:
    files, ledger = beginnings(tmp_path, LONG)
    begin = max(micros(next(t.traded for t in ledger if t.symbol == name)) for name in SYMBOLS)
    dumped, resumed = begin + DUMPED * SECOND, begin + RESUMED * SECOND
    with open_tape(*SYMBOLS) as tape:
        clear(tape)
        tape.store([found for found in ledger if micros(found.traded) < dumped])
        tape.heartbeat(SYMBOLS, instant(dumped))
    backup = SimpleNamespace(sql=pg_dump(connection.get_connection_params()))
    with restored(backup, "restored"):
        # A heartbeat counts for seconds, in a backup too.
        eventually(lambda: not Symbol.objects.with_feed().filter(live=True).exists())
        check_since(ledger, dumped, resumed, set())
        clock = HeldClock(resumed, SPEED, resumed + 5 * SECOND)
        with local_exchange(*files, limits=LIMITS, clock=clock) as exchange:
            exchange.exchange.faults.add(Fault(name="rest-down"))
            with tracker(exchange, *SYMBOLS):
                eventually(lambda: all(open_gaps(symbol) for symbol in SYMBOLS))
                eventually(lambda: exchange.exchange.faults.played())
                check_since(ledger, dumped, resumed, set())
                exchange.exchange.faults.clear()
                eventually(lambda: not any(open_gaps(symbol) for symbol in SYMBOLS))
                check_since(ledger, dumped, resumed, set(SYMBOLS))


def check_since(ledger: list[AggTrade], begin: int, end: int, expected: set[str]) -> None:
    """For which symbols prices since the backup are complete; and then they are the ledger's."""
    found = set()
    for symbol in SYMBOLS:
        trades = [found for found in ledger if found.symbol == symbol]
        newest = max(micros(t.traded) for t in trades if micros(t.traded) < begin)
        for time in range(newest, end - SECOND, SECOND):
            price, coverage = Price.objects.as_of(symbol, instant(time) + timedelta(microseconds=1))
            if coverage.verdict is COMPLETE:
                found.add(symbol)
                truth = [t.first for t in trades if micros(t.traded) <= time + 1]
                assert price is not None
                assert price.first_trade == truth[-1]
    assert found == expected
