"""`backfill_prices` from REST: history in either order, through whatever REST does, and resumed."""

import random
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from prices.backfill.rest_job import RestJob, Wish
from prices.exchange.messages import AggTrade, micros
from prices.models import Gap, Price, Symbol
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Tape
from replay.faults.fault import Fault
from tests.support.archives import Outcome, backfill
from tests.support.history import History
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import check, clear, instant, open_gaps, open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = ["--newest-first", "--oldest-first"]


@pytest.fixture
def exchange(settings) -> Iterator[Running]:
    """All that the files hold has happened."""
    with local_exchange(BTC, ETH) as running:
        running.exchange.clock.reached(10**16)
        settings.BINANCE_REST_URL = running.rest_url
        yield running
        assert running.exchange.judge.violations() == []


def strike(exchange: Running, name: str, count: int = 1, **options: str) -> None:
    """A fault, as soon as somebody asks."""
    exchange.exchange.faults.start()
    exchange.exchange.faults.add(Fault(name=name, count=count, options=options))


def at(each: AggTrade) -> str:
    return instant(micros(each.traded)).isoformat()


def fetch(*arguments: str) -> Outcome:
    return backfill("BTCUSDT", *arguments)


@pytest.mark.parametrize("order", ORDERS)
def test_a_range_is_fetched_onto_an_empty_tape(exchange: Running, order: str) -> None:
    ticks = recorded(BTC)
    done = fetch("--from", "2024-08-08", "--to", "2024-08-10", order)
    with open_tape() as tape:
        check(tape, ticks)
    assert done == (0, "BTCUSDT: 11,349 new, 0 known, 0 refused; nothing missing.\n", "")
    call_command("verify_prices")
    again = fetch("--from", "2024-08-08", order)
    assert again.out == "BTCUSDT: 0 new, 0 known, 0 refused; nothing missing.\n"


@pytest.mark.parametrize("order", ORDERS)
def test_history_joins_a_recording_with_gaps(exchange: Running, order: str) -> None:
    ticks = recorded(BTC)
    with open_tape() as tape:
        for start, end in ((4000, 5000), (5001, 6500), (9000, 9001)):
            tape.store(ticks[start:end])
        done = fetch("--from", at(ticks[0]), order)
        check(tape, ticks)
    assert done.code == 0
    assert not Gap.objects.filter(status="open").exists()
    call_command("verify_prices")


def test_a_range_is_half_open(exchange: Running) -> None:
    ticks = recorded(BTC)
    # Several were traded in the first and in the last millisecond.
    first, last = ticks[3000], ticks[5000]
    done = fetch("--from", at(first), "--to", at(last))
    wanted = [each for each in ticks if first.traded <= each.traded < last.traded]
    with open_tape() as tape:
        check(tape, wanted)
    assert done.code == 0


def test_epoch_milliseconds_are_taken_too(exchange: Running) -> None:
    ticks = recorded(BTC)
    done = fetch("--from", str(ticks[10].traded), "--to", str(ticks[500].traded))
    assert done.code == 0
    assert Price.objects.earliest("first_trade").timestamp == instant(ticks[10].traded * 1000)


def test_pieces_are_joined_across_what_lies_between(exchange: Running, client) -> None:
    ticks = recorded(BTC)
    assert fetch("--from", at(ticks[8000])).code == 0
    assert fetch("--from", at(ticks[100]), "--to", at(ticks[2000])).code == 0
    ((_, last),) = open_gaps()
    assert last == next(t for t in ticks if t.traded >= ticks[8000].traded).first - 1
    asked = {"symbol": "BTCUSDT", "timestamp": at(ticks[5000])}
    assert client.get("/price-at-second", asked).headers["X-Coverage"] == "incomplete"
    asked["timestamp"] = at(ticks[99])
    assert client.get("/price-at-second", asked).headers["X-Coverage"] == "unknown"
    assert fetch("--from", "2024-08-08").code == 0
    with open_tape() as tape:
        check(tape, ticks)
    assert open_gaps() == []


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("rest-status", {"status": "429", "retry-after": "1"}),
        ("rest-status", {"status": "503"}),
        ("rest-down", {}),
        ("rest-truncate", {}),
        ("rest-html", {}),
    ],
)
def test_a_failure_of_rest_is_waited_for(exchange: Running, fault: str, options) -> None:
    strike(exchange, fault, count=2, **options)
    done = fetch("--from", "2024-08-08")
    assert done.code == 0, done.err
    assert exchange.exchange.faults.played()[fault] == 1
    with open_tape() as tape:
        check(tape, recorded(BTC))


@pytest.mark.parametrize("fault", ["tombstones", "twice", "time-back"])
@pytest.mark.parametrize("order", ORDERS)
def test_an_odd_history_is_fetched_whole(exchange: Running, fault: str, order: str) -> None:
    strike(exchange, fault, every="7")
    ticks = recorded(BTC)
    with open_tape() as tape:
        tape.store(ticks[7000:7500])
    assert fetch("--from", at(ticks[200]), order).code == 0
    missing = {each.first for each in ticks[200:]} - set(
        Price.objects.values_list("first_trade", flat=True)
    )
    assert not missing
    assert open_gaps() == []


def test_what_the_exchange_withholds_is_a_gap(exchange: Running) -> None:
    ticks = recorded(BTC)
    lost = ticks[4000:4003]
    strike(exchange, "rest-omit", first=str(lost[0].first), last=str(lost[-1].last))
    done = fetch("--from", "2024-08-08")
    count = lost[-1].last - lost[0].first + 1
    assert done.code == 1
    assert done.out == (
        # The page that lacks three rows has three of the next one instead.
        f"BTCUSDT: {len(ticks) - 3:,} new, 3 known, 0 refused; {count} trades missing in 1 gap.\n"
    )
    assert open_gaps() == [(lost[0].first, lost[-1].last)]


def test_history_that_rest_no_longer_has_is_named(exchange: Running) -> None:
    ticks = recorded(BTC)
    strike(exchange, "rest-retention", first=str(ticks[6000].first))
    done = fetch("--from", "2024-08-08")
    assert done.code == 1
    assert f"BTCUSDT: trade {ticks[6000].first} is the first that the exchange's REST" in done.err
    with open_tape() as tape:
        check(tape, ticks[6000:])


def test_what_a_live_feed_will_bring_is_left_to_it(exchange: Running) -> None:
    ticks = recorded(BTC)
    with open_tape() as tape:
        tape.store(ticks[5000:5100])
        Symbol.objects.update(heard_at=timezone.now() + timedelta(seconds=4))
        done = fetch("--from", at(ticks[4000]))
        check(tape, [t for t in ticks[:5100] if t.traded >= ticks[4000].traded])
    assert done.code == 0


def test_a_symbol_that_is_not_listed_is_named(exchange: Running) -> None:
    done = backfill("BTCUSD", "ETHUSDT", "--from", "2024-08-08")
    assert done.code == 1
    assert "BTCUSD" in done.err
    assert "BTCUSDT" in done.err
    assert done.out.startswith("ETHUSDT: 7,396 new")
    assert list(Symbol.objects.names()) == ["ETHUSDT"]


def test_a_time_without_trades_is_said(exchange: Running) -> None:
    done = fetch("--from", "2030-01-01")
    assert done == (0, "BTCUSDT: the exchange has no trades in that time.\n", "")
    assert fetch("--from", "2017-08-01", "--to", "2017-08-02").code == 0
    assert not Symbol.objects.exists()


def test_a_dry_run_says_what_it_would_take(exchange: Running) -> None:
    ticks = recorded(BTC)
    with open_tape() as tape:
        tape.store(ticks[5000:])
    done = fetch("--from", "2024-08-08", "--dry-run")
    assert done.code == 0
    found = re.fullmatch(
        r"BTCUSDT: ([\d,]+) ticks at most, about 6\d\d\.\d kB on disk, request weight (\d+), "
        r"about 0:00:01 \(h:mm:ss\)\.\n",
        done.out,
    )
    assert found
    assert 5000 <= int(found[1].replace(",", "")) <= 5002
    assert found[2] == "24"
    assert Price.objects.count() == len(ticks) - 5000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Name symbols and --from"),
        (["BTCUSDT"], "Name symbols and --from"),
        (["--from", "2024-08-08"], "Name symbols and --from"),
        (["BTCUSDT", "--from", "2024-08-08", "--to", "2024-08-08"], "--to must be later"),
        (["BTCUSDT", "--from", "20240808"], "A date needs separators"),
        (["BTCUSDT", "--from", "yesterday"], "Must be an ISO 8601 time"),
        (["BTCUSDT", "--archive", "x"], "leave out symbols"),
        (["--from", "2024-08-08", "--archive", "x"], "leave out symbols"),
    ],
)
def test_arguments_without_sense_are_refused(arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        backfill(*arguments)


class Listed(History):
    """A past of a symbol that is on the exchange's list."""

    def get(self, path: str, weight: int, **params: int) -> bytes:
        if path == "exchangeInfo":
            return b'{"symbols": [{"symbol": "BTCUSDT", "status": "TRADING"}]}'
        return super().get(path, weight, **params)


class Stop:
    """A stop that is requested after some checks."""

    def __init__(self, checks: float) -> None:
        self.checks = checks

    def __call__(self) -> bool:
        self.checks -= 1
        return self.checks < 0

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing is waited for here")


@pytest.fixture
def tape() -> Iterator[ReconnectingTape]:
    tape = ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"])
    yield tape
    tape.close()


@pytest.mark.parametrize("newest_first", [True, False])
def test_whatever_the_tape_has_and_wherever_it_stops(
    tape: ReconnectingTape, draw: random.Random, newest_first: bool
) -> None:
    """Pages of five rows, random ticks on the tape, stopped after a random page, and run again."""
    for _ in range(8):
        history, ticks, first = Listed(), [], 1
        for n in range(80):
            ticks.append(tick(first, n, trades=draw.choice([1, 1, 3]), side=True))
            first = ticks[-1].last + 1
            history.add(ticks[-1])
            if draw.random() < 0.1:
                history.bury()
        tape.once(clear)
        have = [each for each in ticks[20:60] if draw.random() < draw.choice([0.1, 0.9])]
        if have:
            tape.once(lambda opened: opened.store(have))  # noqa: B023 - called at once
        begin, end = draw.randrange(1, 40), draw.randrange(41, 80)
        wish = Wish(
            instant(ticks[begin].traded), instant(ticks[end].traded), newest_first=newest_first
        )
        for checks in (draw.randrange(1, 20), 10**9):
            job = RestJob(
                history,
                ["BTCUSDT"],
                wish,
                say=lambda line: None,
                show=lambda *shown: None,
                stop=Stop(checks),
                rows=5,
            )
            told, whole = job.run(tape, dry_run=False)
        assert whole, told
        wanted = {each.first: each for each in [*have, *ticks[begin:end]]}
        with open_tape() as found:
            check(found, [wanted[each] for each in sorted(wanted)])


def test_killed_in_the_middle_it_goes_on_where_it_was(exchange: Running) -> None:
    ticks = recorded(BTC)
    strike(exchange, "rest-slow", count=6, delay="0.3")
    process = manage("backfill_prices", "BTCUSDT", "--from", "2024-08-08", exchange=exchange)
    try:
        eventually(lambda: process.poll() is not None or Price.objects.exists())
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)
    before = Price.objects.count()
    done = fetch("--from", "2024-08-08")
    assert done.code == 0
    assert f"{len(ticks) - before:,} new, " in done.out
    with open_tape() as tape:
        check(tape, ticks)


def test_stopped_in_the_middle_it_says_so(exchange: Running) -> None:
    strike(exchange, "rest-slow", count=10**5, delay="0.3")
    process = manage("backfill_prices", "BTCUSDT", "--from", "2024-08-08", exchange=exchange)
    output = interrupted(process)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    assert "Stopped early. Run it again to continue.\n" in output
    assert re.search(r"BTCUSDT: [\d,]+ new, 0 known, 0 refused; [\d,]+ trades missing", output)


def interrupted(process: subprocess.Popen[str]) -> str:
    try:
        eventually(lambda: process.poll() is not None or Price.objects.exists())
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return output
