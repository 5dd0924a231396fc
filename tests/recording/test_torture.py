"""Every fault of the local exchange, each alone: in the end nothing is missing, nothing is there
twice, and it was known meanwhile.
"""

from pathlib import Path

import pytest

from prices.coverage import Verdict
from prices.exchange.messages import AggTrade
from prices.recording.buffer import Buffer
from replay.faults.catalogue import CATALOGUE
from replay.faults.script import read
from tests.support.local_exchange import Running, local_exchange
from tests.support.proxies import SocksProxy, abroad, proxy
from tests.support.proxies import TestProxy as HttpProxy
from tests.support.recorders import eventually
from tests.support.tapes import TAKE_LOCKS, clear, open_tape
from tests.support.trackers import SPEED, tracker
from tests.support.verdicts import check_verdicts, reading
from tests.support.wholeness import (
    LIMITS,
    SYMBOLS,
    beginnings,
    check_whole,
    held,
    wait_until_begun,
    wait_until_played,
    wait_until_whole,
)

pytestmark = pytest.mark.django_db(transaction=True)

# Seconds of the exchange's time that are replayed.
LONG = 40

# And of those during which somebody asks.
WALK_LONG = 240

# What goes wrong, in seconds on the wall after the tape has begun. Faults of REST come with
# something that REST is needed for, and last for a number of requests: it may be seconds until
# somebody asks.
FAULTS = {
    "close": "0.3 close code=1001 reason=maintenance",
    "close again and again": "0.1 close\n0.3 close\n0.5 close\n0.7 close",
    "reset": "0.3 reset",
    "fin": "0.3 fin",
    "half-open": "0.2 half-open seconds=20",
    "mute": "0.2 mute seconds=20",
    "mute, one symbol": "0.2 mute symbol=BTCUSDT seconds=20",
    "mute, at the end": "0.7 mute seconds=20 symbol=ETHUSDT",
    "mute, everywhere": "0.2 mute everywhere=yes seconds=1.2",
    "skip": "0.3 skip count=25",
    "skip, one symbol": "0.3 skip count=40 symbol=ETHUSDT",
    "double": "0.3 double count=50",
    "swap": "0.3 swap count=20",
    "truncate": "0.3 truncate count=3",
    "garbage": "0.3 garbage count=5",
    "replay": "0.4 replay count=60",
    "delay": "0.2 delay by=0.4 seconds=0.6",
    "shutdown": "0.3 shutdown grace=0.4",
    "shutdown, raw": "0.3 shutdown form=raw grace=0.4",
    "shutdown, at once": "0.3 shutdown grace=0",
    "refuse": "0.2 reset\n0.2 refuse status=451",
    "slow-handshake": "0.2 reset\n0.2 slow-handshake delay=0.5",
    "rest-down": "0.2 skip count=25\n0.2 rest-down count=3",
    "rest-status 403": "0.2 skip count=25\n0.2 rest-status status=403 count=2",
    "rest-status 418": "0.2 skip count=25\n0.2 rest-status status=418 retry-after=1 count=1",
    "rest-status 429": "0.2 skip count=25\n0.2 rest-status status=429 retry-after=1 count=1",
    "rest-status 503": "0.2 reset\n0.2 rest-status status=503 count=2",
    "rest-slow": "0.2 skip count=25\n0.2 rest-slow delay=0.3 count=3",
    "rest-stale": "0.2 skip count=25\n0.2 rest-stale lag=20",
    "rest-html": "0.2 skip count=25\n0.2 rest-html count=3",
    "rest-truncate": "0.2 skip count=25\n0.2 rest-truncate count=3",
    "tombstones": "0 tombstones every=7\n0.2 skip count=200",
    "twice": "0 twice every=5\n0.2 skip count=200",
    "time-back": "0 time-back every=3\n0.2 skip count=200",
}

# What REST withholds for good, and what it says of a symbol that is not traded, have tests of their
# own.
ELSEWHERE = {"rest-omit", "rest-retention", "status"}

# What lasts until the test ends it, which is when it has come upon somebody.
LASTING = {"refuse", "slow-handshake", "rest-stale"}


Past = tuple[list[Path], list[AggTrade]]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[AggTrade]]:
    return beginnings(tmp_path_factory.mktemp("recordings"), LONG)


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, past: tuple[list[Path], list[AggTrade]], tmp_path: Path) -> None:
    files, ledger = past
    script = tmp_path / "script"
    script.write_text(FAULTS[name], encoding="utf-8")
    faults = read(script)
    clock = held(ledger)
    with local_exchange(*files, limits=LIMITS, clock=clock) as exchange:
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
        with tracker(exchange, *SYMBOLS):
            wait_until_begun(ledger)
            for fault in faults:
                exchange.exchange.faults.add(fault, now=True)
            clock.let_go()
            wait_until_played(exchange, faults)
            if name in LASTING:
                exchange.exchange.faults.clear()
            wait_until_whole(ledger)
        check_whole(ledger, exchange, times="time-back" not in name)


# A few of each kind: what a proxy could make worse.
THROUGH_A_PROXY = ("reset", "half-open", "shutdown", "slow-handshake", "rest-down")


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
def test_faults_behind_a_proxy(kind: type[HttpProxy], past: Past, tmp_path: Path) -> None:
    """All of them, one after another, and then the proxy itself fails: streams and REST need it."""
    files, ledger = past
    script = tmp_path / "script"
    script.write_text("\n".join(FAULTS[name] for name in THROUGH_A_PROXY), encoding="utf-8")
    faults = read(script)
    clock = held(ledger)
    with (
        local_exchange(*files, limits=LIMITS, clock=clock) as exchange,
        proxy(exchange.ws_url, kind, "user:password") as between,
    ):
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
        far = Running(abroad(exchange.ws_url), abroad(exchange.rest_url), exchange.exchange)
        scheme = "http" if kind is HttpProxy else "socks5h"
        environ = {"ALL_PROXY": f"{scheme}://user:password@{between.where}"}
        with tracker(far, *SYMBOLS, environ=environ):
            wait_until_begun(ledger)
            for fault in faults:
                exchange.exchange.faults.add(fault, now=True)
            clock.let_go()
            between.refusals = 3
            between.cut()
            # Those of a single frame need a connection in their moment.
            wait_until_played(exchange, [fault for fault in faults if fault.name != "skip"])
            exchange.exchange.faults.clear()
            wait_until_whole(ledger)
        check_whole(ledger, exchange)
    assert set(between.asked) == {far.ws_url.removeprefix("ws://")}


# In seconds on the wall after the tape has begun. REST is down for long, while a symbol falls
# silent, and comes and goes while the other does.
WALK = [
    *("0.4 rest-down seconds=5", "0.6 mute symbol=BTCUSDT seconds=20"),
    *(f"{5.6 + n * 0.4:.1f} rest-down seconds=0.2" for n in range(10)),
    *("6 mute symbol=ETHUSDT seconds=20", "7 skip count=25", "7.5 reset", "8.2 truncate count=3"),
]


def test_with_rest_down_half_of_the_time(tmp_path: Path) -> None:
    """The tape is whole in the end, and no answer on the way was called complete that was not."""
    files, ledger = beginnings(tmp_path, WALK_LONG)
    script = tmp_path / "script"
    script.write_text("\n".join(WALK), encoding="utf-8")
    faults = read(script)
    clock = held(ledger)
    with local_exchange(*files, limits=LIMITS, clock=clock) as exchange:
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
        with tracker(exchange, *SYMBOLS):
            wait_until_begun(ledger)
            for fault in faults:
                exchange.exchange.faults.add(fault, now=True)
            clock.let_go()
            with reading(exchange) as reader:
                wait_until_played(exchange, faults)
                wait_until_whole(ledger)
        check_whole(ledger, exchange)
    check_verdicts(reader, ledger)
    assert reader.verdicts("BTCUSDT")[Verdict.UNKNOWN]


def test_what_overflowed_the_buffer_is_fetched(past: tuple[list[Path], list[AggTrade]]) -> None:
    """The database does not answer for a while, and the buffer is small: its oldest frames go, and
    come back over REST.
    """
    files, ledger = past
    with local_exchange(*files, speed=SPEED, limits=LIMITS) as exchange:
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
            small: Buffer = Buffer(capacity=50)
            with tracker(exchange, *SYMBOLS, buffer=small):
                wait_until_begun(ledger)
                # Not before: what is traded before a tape begins is not missing on it.
                small.patience = 0.01
                with tape.database.transaction():
                    tape.database.execute(TAKE_LOCKS)
                    eventually(lambda: small.dropped > 100)
                wait_until_whole(ledger)
        check_whole(ledger, exchange)


def test_the_walk_is_complete() -> None:
    assert {name.split(",")[0].split()[0] for name in FAULTS} == set(CATALOGUE) - ELSEWHERE
