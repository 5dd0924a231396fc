"""What recorders count, on a real database: added up over restarts and recorders, never in
the way.
"""

import io
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from prices.counter_names import COUNTERS
from prices.exchange.subscription import aggregate_trades
from prices.models import Counter
from prices.recording.build import build_recorder
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.stored_counters import INTERVAL, RETRY_AFTER, StoredCounters
from prices.recording.tape import Tape
from pricetracker.process.signals import StopRequest

pytestmark = pytest.mark.django_db(transaction=True)

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no counters today'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON prices_counter EXECUTE FUNCTION refuse()
"""


class Counting:
    """A recorder that does nothing but count."""

    def __init__(self) -> None:
        self.now = 0.0
        self.counts: dict[str, int] = {}
        self.tape = ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"])
        self.stored = StoredCounters(self.tape, lambda: self.counts, clock=lambda: self.now)
        self.tape.opened()

    def later(self, seconds: float = INTERVAL) -> None:
        self.now += seconds
        self.stored.store_if_due()


@pytest.fixture
def start() -> Iterator[Callable[[], Counting]]:
    started: list[Counting] = []

    def start() -> Counting:
        started.append(Counting())
        return started[-1]

    yield start
    for counting in started:
        counting.tape.close()


def stored() -> dict[str, int]:
    return dict(Counter.objects.values_list("name", "value"))


def test_a_recorder_counts_all_that_is_served() -> None:
    recording = build_recorder(
        aggregate_trades("ws://127.0.0.1:1", ["BTCUSDT"]),
        ["BTCUSDT"],
        rest=None,
        open_tape=lambda: Tape(connect("tests")),
        stop=StopRequest(),
        out=io.StringIO(),
    )
    assert recording.writer.counts() == dict.fromkeys(COUNTERS, 0)


def test_only_growth_is_added(start) -> None:
    counting = start()
    counting.counts = {"ticks_stored": 5, "reconnects": 0}
    counting.later()
    assert stored() == {"ticks_stored": 5}
    counting.counts = {"ticks_stored": 7, "reconnects": 1}
    counting.later()
    counting.later()
    assert stored() == {"ticks_stored": 7, "reconnects": 1}


def test_one_statement_at_most_for_each_interval(start) -> None:
    counting = start()
    statements: list[object] = []
    execute = counting.tape.opened().database.execute
    counting.tape.opened().database.execute = lambda *each: statements.append(execute(*each))
    counting.later()
    assert statements == []
    counting.counts = dict.fromkeys(COUNTERS, 1)
    for _ in range(3):
        counting.later(INTERVAL / 2)
    assert len(statements) == 1
    assert stored() == dict.fromkeys(COUNTERS, 1)


def test_restarts_and_recorders_add_up(start) -> None:
    for count in (3, 4):
        counting = start()
        counting.counts = {"ticks_stored": count}
        counting.later()
    assert stored() == {"ticks_stored": 7}


def test_a_database_that_went_away_is_left_to_the_heartbeat(start) -> None:
    counting = start()
    counting.counts = {"ticks_stored": 5}
    terminate(counting)
    counting.later()
    assert not counting.tape.is_open
    counting.later()
    assert not counting.tape.is_open
    counting.tape.opened()
    counting.later()
    assert stored() == {"ticks_stored": 5}


def terminate(counting: Counting) -> None:
    backend = counting.tape.opened().database.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_what_is_refused_is_told_once_and_kept(start, caplog) -> None:
    counting = start()
    counting.counts = {"ticks_stored": 5}
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)
        try:
            counting.later()
            for _ in range(3):
                counting.later()
        finally:
            cursor.execute("DROP FUNCTION refuse CASCADE")
    assert counting.tape.is_open
    (line,) = caplog.messages
    assert line.endswith("retrying in 60 s: no counters today.")
    counting.later(RETRY_AFTER)
    assert stored() == {"ticks_stored": 5}


def test_a_lock_on_them_does_not_cost_the_connection(start, caplog) -> None:
    counting = start()
    counting.counts = {"ticks_stored": 5}
    counting.tape.opened().database.execute("SET lock_timeout = '10ms'")
    with connect("tests") as other, other.transaction():
        other.execute("LOCK TABLE prices_counter")
        counting.later()
    assert counting.tape.is_open
    assert "canceling statement due to lock timeout" in caplog.text
    counting.later(RETRY_AFTER)
    assert stored() == {"ticks_stored": 5}
