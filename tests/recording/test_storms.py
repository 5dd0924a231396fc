"""Storms: any faults in any order, the database cut off, recorders started and stopped; the model
is the exchange's ledger by id.
"""

import bisect
import random
import time
from pathlib import Path
from typing import ClassVar

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from prices.coverage import Verdict
from prices.exchange.messages import AggTrade, micros
from prices.minutes import minute_start
from prices.models import Price
from replay.faults.fault import Fault
from replay.faults.storm import storm
from tests.support.local_exchange import Running, local_exchange
from tests.support.tapes import clear, instant, minutes, open_tape
from tests.support.trackers import SPEED, Tracker
from tests.support.wholeness import (
    LIMITS,
    SYMBOLS,
    beginnings,
    check_whole,
    wait_until_begun,
    wait_until_whole,
)

# Seconds of the exchange's time that are replayed.
LONG = 60

# Lies about the past do not come and go: they are there from the beginning or not at all.
LIES = ("tombstones", "twice")

# What comes and goes. (Times that step back are another ledger; they are tried alone.)
COMING_AND_GOING = (
    *("close", "reset", "fin", "half-open", "mute", "skip", "double", "swap", "truncate"),
    *("garbage", "replay", "delay", "shutdown", "refuse", "slow-handshake"),
    *("rest-down", "rest-status", "rest-slow", "rest-html", "rest-truncate", "rest-stale"),
)


class Storm(RuleBasedStateMachine):
    files: ClassVar[list[Path]]
    ledger: ClassVar[list[AggTrade]]

    def __init__(self) -> None:
        super().__init__()
        self.by_time = {
            symbol: sorted(
                (micros(t.traded), t.first, t.price) for t in self.ledger if t.symbol == symbol
            )
            for symbol in SYMBOLS
        }
        self.candles = minutes(self.ledger)
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
        self.opened = local_exchange(*self.files, speed=SPEED, limits=LIMITS)
        self.exchange: Running = self.opened.__enter__()
        self.trackers: list[Tracker] = []
        self.begin()
        wait_until_begun(self.ledger)

    def begin(self) -> None:
        self.trackers.append(Tracker(self.exchange, SYMBOLS, None))
        self.trackers[-1].start()

    @initialize(lie=st.sampled_from([None, *LIES]), every=st.integers(2, 9))
    def lie(self, lie: str | None, every: int) -> None:
        if lie:
            self.exchange.exchange.faults.add(Fault(name=lie, options={"every": str(every)}))

    @rule(seed=st.integers(0, 2**32 - 1))
    def brew(self, seed: int) -> None:
        """A storm of faults until the next one, or the end."""
        note(f"storm {seed=}")
        faults = storm(seed, SYMBOLS, scale=0.2, names=COMING_AND_GOING)
        for _ in range(6):
            self.exchange.exchange.faults.add(next(faults), now=True)
        time.sleep(0.3)

    @rule(seconds=st.sampled_from([0.05, 0.1, 0.3]))
    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    @rule()
    def cut_off_the_database(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "application_name = 'tests'"
            )

    @precondition(lambda self: len(self.trackers) < 2)
    @rule()
    def start_another_recorder(self) -> None:
        self.begin()

    @precondition(lambda self: self.trackers)
    @rule()
    def stop_a_recorder(self) -> None:
        self.trackers.pop(0).end()

    @rule(seed=st.integers(0, 2**32 - 1))
    def ask_something(self, seed: int) -> None:
        """What is called complete, and lies between two trades on the tape, is what the exchange's
        ledger says.
        """
        draw = random.Random(seed)
        symbol = draw.choice(SYMBOLS)
        newest = Price.objects.filter(symbol__name=symbol).order_by("-pk").first()
        if newest is None:
            return
        times = [time for time, _, _ in self.by_time[symbol] if instant(time) < newest.timestamp]
        if not times:
            return
        asked = draw.choice(times) + draw.choice([-1, 0, 1, 1000])
        if instant(asked) >= newest.timestamp:
            return
        tick, coverage = Price.objects.as_of(symbol, instant(asked))
        if coverage.verdict is Verdict.COMPLETE:
            found = bisect.bisect_right(self.by_time[symbol], (asked, 1 << 62, "")) - 1
            assert tick.first_trade == self.by_time[symbol][found][1]
        start = minute_start(instant(asked))
        if minute_start(newest.timestamp) > start:
            candle, coverage = Price.objects.minute(symbol, start)
            if coverage.verdict is Verdict.COMPLETE:
                expected = self.candles[symbol, start]
                assert (candle.high, candle.low) == (expected.high, expected.low)

    def teardown(self) -> None:
        try:
            # What lies stays: the exchange is to be believed in the end, not to be another one.
            self.calm_down()
            if not self.trackers:
                self.begin()
            wait_until_whole(self.ledger)
            for tracker in self.trackers:
                tracker.end()
            self.trackers = []
            check_whole(self.ledger, self.exchange)
        finally:
            for tracker in self.trackers:
                tracker.end()
            self.opened.__exit__(None, None, None)

    def calm_down(self) -> None:
        faults = self.exchange.exchange.faults
        lies = [fault for name in LIES for fault in faults.all_lasting(name)]
        faults.clear()
        for fault in lies:
            faults.add(fault)


@pytest.mark.django_db(transaction=True)
def test_after_any_storm_the_tape_is_whole(tmp_path: Path, seed: int) -> None:
    Storm.files, Storm.ledger = beginnings(tmp_path, LONG)
    run_state_machine_as_test(
        seeded(seed)(Storm),
        settings=settings(
            max_examples=8,
            stateful_step_count=8,
            # What takes time cannot be made smaller by trying again.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
