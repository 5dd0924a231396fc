"""The writer on a real tape: what is stored, what is vouched for, and what happens when the
database is away.
"""

import io
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg import OperationalError

from prices.coverage import Verdict
from prices.exchange.last_trade import LastTrade
from prices.exchange.messages import MAX_TRADE_ID, AggTrade, BadFrame, parse
from prices.exchange.stream import Down, Event, Renewed, Up
from prices.models import Candle, Price, Symbol
from prices.recording.buffer import LARGEST_BATCH, Buffer
from prices.recording.check_result import CheckResult
from prices.recording.event_lag import LATE
from prices.recording.heartbeat import CONNECTION_COUNTS_FOR, HEARTBEAT_INTERVAL
from prices.recording.inter_arrival import SETTLING_IN, SHORTEST
from prices.recording.lag_trend import SPAN
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.recorder import Recorder
from prices.recording.session import connect
from prices.recording.staleness import Staleness
from prices.recording.status import Status
from prices.recording.tape import Stored, Tape
from prices.recording.watermark import SETTLING
from prices.recording.writer import Writer
from pricetracker.process.signals import StopRequest
from tests.support.recorders import PATIENCE
from tests.support.tapes import START, check, clear, open_gaps, open_tape, tick
from tests.support.tapes import at as micros_at

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("BTCUSDT", "ETHUSDT")
# Microseconds.
YEAR = 365 * 86_400 * 1_000_000

LOST = Down("The connection broke.", 1.0)


def frame(tick: AggTrade) -> bytes:
    """A tick as the exchange's combined streams write it."""
    event = {"e": "aggTrade", "E": tick.sent, "s": tick.symbol, "a": 1, "p": tick.price}
    event |= {"q": tick.quantity, "f": tick.first, "l": tick.last, "T": tick.traded}
    event |= {"m": tick.is_buyer_maker, "M": True}
    return json.dumps({"stream": f"{tick.symbol.lower()}@aggTrade", "data": event}).encode()


class Prompt(Buffer[Event]):
    """Never waits for events, and gives `most` of them at once."""

    most = 1000

    def take(self, timeout: float) -> list[Event]:
        rest = [self._events.pop() for _ in range(len(self._events) - self.most)]
        taken = super().take(0)
        self._events.extend(reversed(rest))
        return taken


class Recording:
    """A writer whose clock and whose connection to the exchange are in the test's hands."""

    def __init__(self, open_tape: Callable[[], Tape] | None = None) -> None:
        self.now = 1000.0
        # The ticks of most tests are from the minutes before, by the recorder's clock.
        self.wall_now = START.timestamp() + 600
        self.heard: float | None = None
        self.slept: list[float] = []
        self.renewed: list[str] = []
        self.buffer = Prompt()
        self.writer = Writer(
            self.buffer,
            SYMBOLS,
            heard=lambda: self.heard,
            tape=ReconnectingTape(open_tape or open_one, SYMBOLS, sleep=self.sleep),
            status=Status(io.StringIO(), clock=lambda: self.now),
            staleness=Staleness(SYMBOLS, self.now),
            renew=self.renewed.append,
            clock=lambda: self.now,
            wall_clock=lambda: self.wall_now,
        )
        self.slept_for = 0.0
        began = self.wall_now - self.now
        self.writer.heartbeat.wall_clock = lambda: began + self.now + self.slept_for

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 10, "the writer waits in vain"

    def receive(self, *events: Event | AggTrade) -> None:
        """Events arrive, and the writer takes a turn."""
        for event in events:
            if isinstance(event, CheckResult):
                self.buffer.hand_over(event)
            else:
                self.buffer.put(frame(event) if isinstance(event, AggTrade) else event)
        self.heard = None if events and events[-1] == LOST else self.now
        self.writer.turn()

    def beat(self, heard: float | None = None) -> None:
        """The time of a heartbeat passes; the exchange was heard of at the end of it, or when the
        test says.
        """
        self.now += HEARTBEAT_INTERVAL
        self.heard = self.now if heard is None else heard
        self.writer.turn()

    def lose(self) -> None:
        self.heard = None
        self.buffer.put(LOST)


def open_one() -> Tape:
    return Tape(connect(application_name="tests"))


@pytest.fixture
def recording() -> Iterator[Recording]:
    recording = Recording()
    yield recording
    close(recording)


def close(recording: Recording) -> None:
    recording.writer.tape.close()


def expect(*ticks: AggTrade) -> None:
    """Exactly these ticks are on the tape, with their candles and gaps."""
    with open_tape(*SYMBOLS) as tape:
        check(tape, list(ticks))


def vouched() -> dict[str, datetime]:
    """Through which instants the live feeds are vouched for."""
    live = Symbol.objects.with_feed().filter(live=True)
    return dict(live.values_list("name", "heard_through"))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def settled(seconds: float) -> datetime:
    """Through which instant one vouches who has heard nothing since a tick of then: it was sent 3
    ms after it was made.
    """
    return at(seconds) + timedelta(microseconds=3_000 - SETTLING)


class TestStoring:
    def test_frames_become_rows_in_one_turn(self, recording) -> None:
        ticks = [tick(1, 0, "1"), tick(2, 0, "2"), tick(1, 1, "7", symbol="ETHUSDT")]
        recording.receive(Up(), *ticks)
        expect(*ticks)
        assert (recording.writer.counters.ticks, recording.writer.counters.repeated) == (3, 0)

    def test_what_came_twice_is_stored_once_and_counted(self, recording) -> None:
        recording.receive(Up(), tick(1), tick(2), LOST)
        recording.receive(Up(), tick(2), tick(3))
        expect(tick(1), tick(2), tick(3))
        assert (recording.writer.counters.ticks, recording.writer.counters.repeated) == (3, 1)

    def test_the_gap_of_a_lost_connection_shows_with_a_tick(self, recording) -> None:
        recording.receive(Up(), tick(1), LOST, Up(), tick(5, 9))
        assert open_gaps() == [(2, 4)]
        assert recording.writer.counters.gaps_opened == 1

    def test_bad_frames_are_skipped_counted_and_logged(self, recording, caplog) -> None:
        tombstone = frame(tick(2)).replace(b'"p": "100"', b'"p": "0"')
        recording.receive(Up(), frame(tick(1)), tombstone, b"{", b"\xff", frame(tick(3, 1)))
        expect(tick(1), tick(3, 1))
        assert open_gaps() == [(2, 2)]
        assert recording.writer.bad_frames.count == 3
        (told,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert told.startswith("Skipped 3 frames of BTCUSDT and unknown symbols, 3 in total; ")

    def test_a_symbol_that_was_not_asked_for_is_not_recorded(self, recording, caplog) -> None:
        recording.receive(Up(), tick(1), tick(1, symbol="XRPUSDT"))
        expect(tick(1))
        assert "XRPUSDT was not subscribed to" in caplog.text
        assert not Symbol.objects.filter(name="XRPUSDT").exists()

    def test_replies_and_farewells_are_told_and_are_no_bad_frames(self, recording, caplog) -> None:
        recording.receive(
            Up(),
            b'{"result":null,"id":1}',
            b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2}',
            b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
        )
        assert recording.writer.bad_frames.count == 0
        told = [
            record.getMessage() for record in caplog.records if record.name.startswith("prices")
        ]
        assert told == [
            (
                "The exchange rejected the subscription: {'code': 2, 'msg': 'Invalid "
                "request: invalid stream'}"
            ),
            "The exchange is about to close the connection.",
        ]

    def test_a_refused_subscription_names_its_symbols(self, recording, caplog) -> None:
        symbols = tuple(f"COIN{n}USDT" for n in range(12))
        recording.writer.frames.asked_for = {7: symbols}.get
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        recording.receive(b'{"error":{"code":2,"msg":"Invalid request"},"id":7}')
        recording.beat()
        (told,) = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert told == (
            "The exchange rejected the subscription to "
            + ", ".join(symbols[:10])
            + " and 2 more: {'code': 2, 'msg': 'Invalid request'}"
        )
        # What is claimed must have been heard after it.
        assert vouched() == {}

    def test_finishing_stores_all_that_is_pending(self, recording) -> None:
        ticks = [tick(n, n) for n in range(1, 8)]
        recording.buffer.most = 2
        for pending in ticks:
            recording.buffer.put(frame(pending))
        recording.writer.finishing = True
        recording.writer.run()
        expect(*ticks)
        assert vouched() == {}


class TestVouching:
    def test_only_for_symbols_that_were_heard(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        assert vouched() == {}
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        recording.receive(tick(1, 11, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT", "ETHUSDT"]

    def test_through_the_last_tick_and_what_was_heard_after_it(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat(heard=recording.now + 0.25)
        assert vouched() == {"BTCUSDT": settled(10.25)}
        recording.now += 20
        # Nothing more was heard: though time passes, nothing more is vouched for.
        recording.beat(heard=1000.25)
        assert vouched() == {"BTCUSDT": settled(10.25)}

    def test_with_the_lag_of_the_newest_commit(self) -> None:
        class Slow(Tape):
            def store(self, ticks: list[AggTrade]) -> Stored:
                recording.wall_now += 0.5
                return super().store(ticks)

        recording = Recording(lambda: Slow(connect("tests")))
        recording.receive(Up(), tick(1, 10), tick(1, 12, symbol="ETHUSDT"))
        recording.wall_now = at(99).timestamp()
        recording.beat()
        # The clock on the wall stood half a second past ten minutes.
        lags = dict(Symbol.objects.values_list("name", "lag"))
        assert lags == dict.fromkeys(SYMBOLS, timedelta(seconds=588.5))
        recording.receive(tick(2, 98.75))
        recording.beat()
        assert Symbol.objects.get(name="BTCUSDT").lag == timedelta(seconds=0.75)
        close(recording)

    def test_without_a_lag_before_the_first_commit(self, recording) -> None:
        with open_tape(*SYMBOLS) as tape:
            tape.store([tick(1, 10)])
            tape.heartbeat(["BTCUSDT"], at(10), timedelta(seconds=3))
        recording.receive(Up())
        last_trade = LastTrade(1, micros_at(10), micros_at(500))
        recording.receive(
            CheckResult("BTCUSDT", last_trade, 1, recording.writer.heartbeat.breaks, 1000.0)
        )
        recording.beat(heard=recording.now)
        assert vouched().keys() == {"BTCUSDT"}
        assert Symbol.objects.get(name="BTCUSDT").lag is None

    def test_not_on_a_silent_line_until_it_speaks_again(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        assert vouched()
        recording.now += CONNECTION_COUNTS_FOR
        recording.beat(heard=1001.0)
        assert vouched() == {}
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_not_through_the_time_that_ticks_waited_in_the_buffer(self, recording) -> None:
        """Heard before the ticks were taken: when they were received nobody knows."""
        recording.receive(Up(), tick(1, 10))
        recording.beat(heard=recording.now - 20)
        assert vouched() == {"BTCUSDT": settled(10)}

    def test_a_trade_on_its_way_to_the_stream_is_not_vouched_for(self, recording) -> None:
        """Sent 3 ms after it was made: until then another trade, made in between, may be sent."""
        recording.receive(Up(), tick(1, 10))
        recording.beat(heard=recording.now)
        assert Price.objects.as_of("BTCUSDT", at(10.002))[1].verdict is Verdict.UNKNOWN
        recording.receive(tick(2, 10.001))
        answer, _ = Price.objects.as_of("BTCUSDT", at(10.002))
        assert answer.first_trade == 2

    def test_not_for_what_waits(self, recording) -> None:
        recording.buffer.most = 2
        recording.now += HEARTBEAT_INTERVAL
        recording.receive(Up(), tick(1, 10), tick(2, 11))
        assert vouched() == {"BTCUSDT": settled(10)}
        recording.now += HEARTBEAT_INTERVAL
        recording.receive()
        assert vouched() == {"BTCUSDT": settled(11)}

    def test_not_while_more_waits_than_one_turn_can_take(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        assert vouched()
        recording.buffer.most = 1
        for first in range(LARGEST_BATCH + 2):
            recording.buffer.put(frame(tick(2 + first, 11)))
        recording.beat()
        assert vouched() == {}

    @pytest.mark.parametrize("bad", [b"\x00", b"[]", b"{", frame(tick(2, 11, "0"))])
    def test_not_over_a_frame_that_may_have_held_a_trade(self, recording, bad: bytes) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.receive(bad)
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(3, 12))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        assert Price.objects.latest(symbols=["BTCUSDT"])[0][1].verdict is Verdict.COMPLETE
        assert Price.objects.as_of("BTCUSDT", at(11))[1].verdict is Verdict.INCOMPLETE

    @pytest.mark.parametrize(
        "price", ["1.123456789", "0", "-1"], ids=["nine decimals", "zero", "negative"]
    )
    def test_not_for_the_symbol_whose_frame_is_unreadable(self, recording, price, caplog) -> None:
        """The frame names its symbol: the others go on, and it returns with its next good tick."""
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        recording.receive(tick(2, 11, price, symbol="ETHUSDT"), tick(2, 11))
        assert list(vouched()) == ["BTCUSDT"]
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        assert "Skipped 1 frame of ETHUSDT" in caplog.text
        recording.receive(tick(3, 12, symbol="ETHUSDT"))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        assert open_gaps("ETHUSDT") == [(2, 2)]

    def test_after_an_unreadable_frame_a_check_is_enough(self, recording) -> None:
        """Its trade is known to be missing; the connection that brought it is not mute."""
        recording.receive(Up(), tick(1, 10), frame(tick(2, 11, "0")))
        recording.beat()
        assert vouched() == {}
        recording.now += SETTLING_IN
        looked = CheckResult(
            "BTCUSDT",
            LastTrade(2, micros_at(11), micros_at(25)),
            2,
            recording.writer.heartbeat.breaks_of("BTCUSDT"),
            recording.now,
        )
        recording.receive(looked)
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        assert open_gaps() == [(2, 2)]
        assert recording.renewed == []

    def test_a_check_before_an_unreadable_frame_counts_nothing(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        breaks = recording.writer.heartbeat.breaks_of("BTCUSDT")
        looked = CheckResult(
            "BTCUSDT", LastTrade(1, micros_at(10), micros_at(11)), -1, breaks, recording.now
        )
        recording.receive(frame(tick(2, 11, "0")), looked)
        recording.beat()
        assert vouched() == {}

    def test_a_foreign_symbol_costs_no_other_its_watermark(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.receive(tick(1, 11, symbol="XRPUSDT"))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_a_contradiction_costs_only_its_own_symbol_the_claim(self, recording) -> None:
        three = [(tick(n, 10 + n), tick(n, 10 + n, symbol="ETHUSDT")) for n in (1, 2)]
        recording.receive(Up(), *itertools.chain.from_iterable(three))
        recording.beat()
        recording.receive(tick(1, 12.5, "777", symbol="ETHUSDT"), tick(3, 13))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_a_contradiction_takes_no_claim_of_others_back(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        recording.receive(tick(1, 11, "777", symbol="ETHUSDT"))
        assert list(vouched()) == ["BTCUSDT"]

    def test_a_contradiction_beside_a_first_tick_costs_it_nothing(self, recording) -> None:
        recording.receive(Up(), tick(1, 10, symbol="ETHUSDT"), LOST)
        recording.receive(Up(), tick(1, 11, "777", symbol="ETHUSDT"), tick(1, 12))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_a_stumble_leaves_the_checks_of_others_alone(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        breaks = recording.writer.heartbeat.breaks_of("BTCUSDT")
        clock = LastTrade(1, micros_at(10), micros_at(11))
        recording.receive(CheckResult("BTCUSDT", clock, -1, breaks, recording.now))
        recording.receive(tick(2, 11, "0", symbol="ETHUSDT"))
        recording.now += SETTLING_IN + 1
        recording.receive(tick(3, 22, symbol="ETHUSDT"))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}

    def test_not_over_the_time_for_which_the_computer_slept(self, recording, caplog) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        assert vouched()
        recording.slept_for = 3600.0
        recording.wall_now += 3600
        recording.beat()
        assert vouched() == {}
        assert "The system clock jumped 3600 s ahead" in caplog.text
        recording.receive(tick(2, 3611))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_not_any_more_for_one_that_is_silent_for_too_long(self, recording) -> None:
        """What was said of it is taken back, and does not only grow old."""
        for n in range(1, 60):
            recording.receive(tick(n, n), tick(n, n, symbol="ETHUSDT"))
            recording.beat()
        for n in range(60, 60 + int(SHORTEST) + 2):
            recording.receive(tick(n, n, symbol="ETHUSDT"))
            recording.beat()
        assert list(vouched()) == ["ETHUSDT"]

    def test_not_over_a_tick_that_contradicts_the_tape(self, recording, caplog) -> None:
        """Ids begin anew when a symbol is listed anew: then the old trades are in the way."""
        recording.receive(Up(), tick(1, 10, "100"), tick(2, 11, "101"))
        recording.beat()
        recording.receive(tick(1, 11.5, "777"))
        recording.beat()
        assert vouched() == {}
        assert recording.writer.bad_frames.count == 1
        assert "BTCUSDT 1 at 777" in caplog.text
        # The same trade again, in milliseconds or not, contradicts nothing.
        recording.receive(tick(2, 11, "101.00"))
        assert recording.writer.bad_frames.count == 1

    def test_silence_is_owed_while_the_database_is_away(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.writer.tape.opened().close()
        recording.receive(LOST)
        recording.beat(heard=None)
        recording.heard = None
        recording.writer.turn()
        recording.now += HEARTBEAT_INTERVAL
        recording.writer.turn()
        assert vouched() == {}

    def test_not_any_more_once_the_connection_is_lost(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        assert vouched()
        recording.lose()
        recording.writer.turn()
        assert vouched() == {}

    def test_not_any_more_when_the_loss_is_seen_before_its_event(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.now += HEARTBEAT_INTERVAL
        recording.heard = None
        recording.writer.turn()
        assert vouched() == {}

    def test_again_only_after_the_first_tick_on_the_new_connection(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        recording.receive(LOST, Up())
        recording.beat()
        assert vouched() == {}
        # Two, because one alone does not show the exchange's clock.
        recording.receive(tick(9, 20), tick(10, 20))
        recording.beat(heard=recording.now)
        assert vouched() == {"BTCUSDT": settled(20)}

    def test_ticks_of_the_old_connection_prove_nothing_now(self, recording) -> None:
        recording.receive(Up(), tick(1, 10, symbol="ETHUSDT"), LOST, Up(), tick(1, 20))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_not_over_frames_that_were_dropped(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.buffer.dropped += 1
        recording.receive(tick(5, 20))
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(6, 30))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_dropped_frames_may_have_been_of_any_symbol(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        breaks = recording.writer.heartbeat.breaks_of("BTCUSDT")
        clock = LastTrade(1, micros_at(10), micros_at(11))
        recording.receive(CheckResult("BTCUSDT", clock, -1, breaks, recording.now))
        recording.buffer.dropped += 1
        recording.receive(tick(2, 11, symbol="ETHUSDT"))
        assert vouched() == {}
        assert recording.writer.counters.dropped == 1
        recording.beat()
        assert vouched() == {}
        # The check was before: another one is due.
        recording.now += SETTLING_IN
        assert "BTCUSDT" in recording.writer.staleness.suspects(recording.now)
        # What is not dropped is believed again.
        recording.receive(tick(3, 12, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]

    def test_not_after_the_end(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.beat()
        recording.writer.finishing = True
        recording.writer.run()
        assert vouched() == {}

    def test_a_database_that_lost_commits_has_no_watermark(self) -> None:
        """A standby that took over may lack them; only the next tick, or a look, shows whether it
        does.
        """
        recording = Recording()
        recording.receive(Up(), tick(1, 10), tick(2, 11), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        assert Price.objects.latest(symbols=["BTCUSDT"])[0][1].verdict is Verdict.COMPLETE
        cut(recording)
        Price.objects.filter(price=100, timestamp=at(11)).delete()
        Symbol.objects.update(heard_at=None)
        for _ in range(3):
            recording.beat()
            assert vouched() == {}
        recording.receive(tick(2, 12, symbol="ETHUSDT"))
        Symbol.objects.update(heard_at=None)
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        # And what is silent is looked at.
        recording.now += SETTLING_IN
        assert "BTCUSDT" in recording.writer.staleness.suspects(recording.now + 1)
        close(recording)


class TestLateFeed:
    """Events that come later than the promptest ones did: others may still be on their way."""

    @pytest.fixture(autouse=True)
    def _prompt(self, recording) -> None:
        recording.receive(Up())
        for n in (1, 2, 3):
            recording.receive(tick(n, n), tick(n, n, symbol="ETHUSDT"))
            recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        # Less than a quiet symbol may be quiet.
        recording.now += LATE + 2

    def test_makes_quiet_symbols_unknown_too(self, recording) -> None:
        recording.receive(tick(4, 4))
        recording.beat()
        assert vouched() == {}

    def test_from_its_beginning_is_shown_by_a_check(self, recording) -> None:
        """Each event has come a minute late, and only REST can tell."""
        breaks = recording.writer.heartbeat.breaks_of("ETHUSDT")
        clock = LastTrade(3, micros_at(3), micros_at(76))
        recording.receive(CheckResult("ETHUSDT", clock, -1, breaks, recording.now))
        recording.receive(tick(4, 16))
        recording.beat()
        assert vouched() == {}

    def test_of_one_symbol_makes_that_one_unknown(self, recording) -> None:
        recording.receive(tick(4, 4), tick(4, 6 + LATE, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]


class TestRenewal:
    def test_an_overlapping_connection_breaks_nothing(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(Renewed("A day is over.", joined=True))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_one_that_did_not_vouches_from_its_first_tick_on(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(Renewed("BTCUSDT was mute.", joined=False))
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(2, 11))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]


class TestSilentSymbols:
    """What the exchange says over REST of a symbol that does not tick."""

    def looked(
        self, recording: Recording, last: int, seconds: float = 0, age: float = 0, proven: int = 99
    ) -> CheckResult:
        """The exchange said at so many seconds that this was the last trade, made so many seconds
        before.
        """
        last_trade = LastTrade(last, micros_at(seconds - age), micros_at(seconds))
        proven = min(last, proven)
        return CheckResult(
            "BTCUSDT", last_trade, proven, recording.writer.heartbeat.breaks, recording.now
        )

    def test_one_with_its_last_trade_stored_is_known_at_once(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), LOST)
        recording.receive(Up(), tick(1, 20, symbol="ETHUSDT"))
        recording.now += 10
        recording.receive(self.looked(recording, 1, 20))
        recording.beat(heard=recording.now)
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        assert recording.renewed == []

    def test_without_any_tick_the_exchange_gives_the_time(self, recording) -> None:
        with open_tape(*SYMBOLS) as tape:
            tape.store([tick(1, 10)])
        recording.receive(Up())
        recording.receive(self.looked(recording, 1, 500))
        recording.beat(heard=recording.now)
        assert vouched() == {"BTCUSDT": at(500) - timedelta(microseconds=SETTLING)}

    def test_one_whose_last_trade_is_not_there_is_mute(self, recording) -> None:
        """What is missing is known at once, and another connection is asked for."""
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.now += 20
        recording.receive(tick(2, 30, symbol="ETHUSDT"))
        recording.beat()
        recording.receive(self.looked(recording, 5, 30))
        assert open_gaps() == [(2, 5)]
        assert recording.renewed == ["BTCUSDT is stale, but the exchange has traded it."]
        ((_, coverage),) = Price.objects.latest(symbols=["BTCUSDT"])
        assert coverage.verdict is Verdict.INCOMPLETE
        assert Price.objects.as_of("BTCUSDT", at(20))[1].verdict is Verdict.INCOMPLETE
        # The others are still vouched for; this one is again when it joins.
        Symbol.objects.update(heard_at=None)
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        recording.receive(tick(6, 31))
        recording.beat()
        assert open_gaps() == [(2, 5)]
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}

    def test_one_traded_before_the_connection_is_not_mute(self, recording) -> None:
        """After a stop: what was missed is known at once, and the connection brings what comes."""
        recording.receive(Up(), tick(1, 10), LOST, Up(), tick(1, 70, symbol="ETHUSDT"))
        recording.now += 20
        recording.receive(self.looked(recording, 5, seconds=90, age=40))
        recording.beat(heard=recording.now)
        assert recording.renewed == []
        assert open_gaps() == [(2, 5)]
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        assert Price.objects.latest(symbols=["BTCUSDT"])[0][1].verdict is Verdict.INCOMPLETE

    def test_a_check_from_before_a_reconnect_counts_no_longer(self, recording) -> None:
        """Whether the new connection delivers the symbol has yet to be seen."""
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.receive(self.looked(recording, 1, 11))
        recording.now += 5
        recording.receive(LOST)
        recording.receive(Up(), tick(2, 16, symbol="ETHUSDT"))
        recording.now += SETTLING_IN + 1
        recording.receive(tick(3, 27, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        assert recording.writer.staleness.suspects(recording.now) == ["BTCUSDT"]
        # Made before the new connection was: that one is not mute.
        recording.receive(self.looked(recording, 5, 28, age=14))
        assert open_gaps() == [(2, 5)]
        assert recording.renewed == []

    def test_what_history_does_not_confirm_is_not_missing(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.now += 20
        recording.receive(self.looked(recording, 10**12, 30, proven=3))
        recording.beat()
        assert open_gaps() == [(2, 3)]
        assert vouched() == {}

    @pytest.mark.parametrize(("last", "proven"), [(98, -1), (101, 99), (101, 100)])
    def test_a_look_that_does_not_prove_the_tape_restores_no_trust(
        self, recording, last: int, proven: int
    ) -> None:
        """REST is behind the tape; or it knows of a later trade that its history does not
        show yet.
        """
        for n in range(1, 100):
            recording.receive(tick(n, n), tick(n, n, symbol="ETHUSDT"))
            recording.beat()
        recording.now += SHORTEST + 1
        recording.receive(tick(100, 116, symbol="ETHUSDT"))
        # Made before the connection was there, if anything.
        recording.receive(self.looked(recording, last, 116, age=100_000, proven=proven))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        assert not recording.writer.staleness.trusted("BTCUSDT", recording.now)

    def test_what_was_received_before_the_look_counts(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(tick(2, 11), tick(3, 12), self.looked(recording, 3, 12))
        assert open_gaps() == []
        assert recording.renewed == []

    def test_a_look_from_before_an_interruption_vouches_for_nothing(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        looked = self.looked(recording, 1, 20)
        recording.receive(LOST, Up(), looked)
        recording.beat()
        assert vouched() == {}

    @pytest.mark.parametrize("years", [{"now": 2954}, {"traded": 2954}, {"now": 1, "traded": 1}])
    def test_times_that_are_yet_to_come_pass_no_check(self, recording, caplog, years) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"), LOST, Up())
        looked = self.looked(recording, 5, 30)
        right = looked.last_trade
        wrong = {name: getattr(right, name) + n * YEAR for name, n in years.items()}
        recording.receive(replace(looked, last_trade=replace(right, **wrong)))
        recording.beat()
        assert vouched() == {}
        assert open_gaps() == []
        assert "BTCUSDT: REST returned impossible times" in caplog.text

    def test_a_stale_one_is_unknown_until_it_is_checked(self, recording) -> None:
        for n in range(1, 100):
            recording.receive(tick(n, n), tick(n, n, symbol="ETHUSDT"))
            recording.beat()
        Symbol.objects.update(heard_at=None)
        recording.now += SHORTEST
        recording.receive(tick(100, 120, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        recording.receive(self.looked(recording, 99, 120))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}

    def test_one_that_has_no_tick_yet_is_not_vouched_for(self, recording) -> None:
        recording.receive(Up(), self.looked(recording, 7))
        recording.beat()
        assert (vouched(), open_gaps()) == ({}, [])


def test_lag_that_keeps_growing_is_told(recording, caplog) -> None:
    for n in range(6):
        recording.wall_now = at(n).timestamp() + 2 * n
        recording.receive(tick(n + 1, n))
        recording.now += SPAN
    assert "Feed lag is growing: +6.0 s over the last minutes" in caplog.text


class TestDatabaseAway:
    def test_is_waited_for_and_nothing_is_lost(self, caplog) -> None:
        attempts = itertools.count(1)

        def open_at_last() -> Tape:
            if next(attempts) < 4:
                raise OperationalError("the database is starting up")
            return open_one()

        recording = Recording(open_at_last)
        recording.receive(Up(), tick(1), tick(2))
        expect(tick(1), tick(2))
        assert len(recording.slept) == 3
        assert caplog.text.count("Database unavailable") == 3
        close(recording)

    def test_a_connection_that_is_cut_is_replaced(self, recording) -> None:
        recording.receive(Up(), tick(1))
        cut(recording)
        recording.receive(tick(2, 1))
        expect(tick(1), tick(2, 1))
        assert len(recording.slept) == 1

    def test_a_heartbeat_that_cannot_be_written_is_not_insisted_on(self, recording) -> None:
        recording.receive(Up(), tick(1))
        cut(recording)
        recording.beat()
        assert (vouched(), recording.slept) == ({}, [])
        # It may be another database, for all one knows.
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(2, 1))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_a_silence_that_cannot_be_written_is_not_insisted_on(self, recording) -> None:
        recording.receive(Up(), tick(1))
        recording.beat()
        cut(recording)
        recording.receive(LOST)
        assert recording.slept == []
        recording.receive(Up(), tick(2))
        expect(tick(1), tick(2))

    def test_an_acknowledgement_that_was_lost_stores_nothing_twice(self) -> None:
        class Forgetful(Tape):
            def store(self, ticks: list[AggTrade]) -> Stored:
                super().store(ticks)
                raise OperationalError("server closed the connection unexpectedly")

        tapes = [Forgetful(connect("tests")), Forgetful(connect("tests")), Tape(connect("tests"))]
        recording = Recording(iter(tapes).__next__)
        ticks = [tick(1, 0, "1"), tick(3, 1, "9", trades=2)]
        recording.receive(Up(), *ticks)
        expect(*ticks)
        assert len(recording.slept) == 2
        close(recording)


def cut(recording: Recording) -> None:
    """The database throws the writer out."""
    pid = recording.writer.tape.opened().database.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])


class Feed:
    """A stream that gives what it was given until it is told to stop."""

    heard = None
    clock = staticmethod(time.monotonic)

    def __init__(self, stop: StopRequest, *frames: bytes) -> None:
        self.stop = stop
        self.frames = frames

    def __iter__(self) -> Iterator[Event]:
        yield from self.frames
        while not self.stop():
            self.stop.wait(0.01)


class TestRecorder:
    def test_a_writer_that_dies_stops_the_recorder_and_says_of_what(self) -> None:
        def open_none() -> Tape:
            raise ZeroDivisionError("the writer died")

        stop = StopRequest()
        recording = Recording(open_none)
        recorder = Recorder(Feed(stop, frame(tick(1))), recording.buffer, recording.writer, stop)
        with pytest.raises(ZeroDivisionError, match="the writer died"):
            recorder.run()
        assert stop.requested

    def test_a_writer_and_a_stream_that_die_are_both_told(self) -> None:
        died = threading.Event()

        def open_none() -> Tape:
            died.set()
            raise ZeroDivisionError("the writer died")

        class Broken(Feed):
            def __iter__(self) -> Iterator[Event]:
                yield from self.frames
                assert died.wait(PATIENCE)
                raise LookupError("the stream died")

        stop = StopRequest()
        recording = Recording(open_none)
        recorder = Recorder(Broken(stop, frame(tick(1))), recording.buffer, recording.writer, stop)
        with pytest.raises(ZeroDivisionError, match="the writer died") as raised:
            recorder.run()
        assert str(raised.value.__cause__) == "the stream died"

    def test_everything_received_is_stored_before_it_ends(self) -> None:
        ticks = [tick(n, n) for n in range(1, 100)]
        stop = StopRequest()
        stop.requested = True
        recording = Recording()
        recording.buffer.most = 7
        feed = Feed(stop, *(frame(tick) for tick in ticks))
        Recorder(feed, recording.buffer, recording.writer, stop).run()
        expect(*ticks)
        close(recording)


# The largest numbers that a frame may bear, and others.
ids = st.integers(0, 3) | st.integers(MAX_TRADE_ID - 3, MAX_TRADE_ID) | st.just(1 << 31)
digits = st.sampled_from(["0.00000001", "9999999999.99999999", "1", "9" * 20, "9" * 16 + ".9"])
times = st.sampled_from([10**11, 10**14 - 1, 10**14, 10**17 - 1, 1_751_531_436_000_000])


@given(
    frames=st.lists(
        st.builds(
            lambda first, last, price, quantity, traded: frame(
                AggTrade("BTCUSDT", first, last, price, quantity, traded, traded)
            ),
            *(ids, ids, digits, digits, times),
        ),
        max_size=6,
    )
)
@example(frames=[frame(AggTrade("BTCUSDT", 1, 1 << 31, "1", "1", 10**11, 10**11))])
@example(frames=[frame(AggTrade("BTCUSDT", n, n, "1", "9" * 20, 10**11, 10**11)) for n in (1, 2)])
@settings(max_examples=60)
def test_whatever_is_understood_can_be_stored(transactional_db, frames: list[bytes]) -> None:
    """One frame that a statement chokes on would stop the recorder for good."""
    understood = {}
    for bytes_ in frames:
        try:
            tick = parse(bytes_)
        except BadFrame:
            continue
        understood[tick.first] = tick
    with open_tape() as tape:
        clear(tape)
        if understood:
            tape.store(list(understood.values()))
    assert Price.objects.count() == len(understood)
    assert sum(Candle.objects.values_list("trades", flat=True)) >= len(understood)
