"""Times from outside that are ahead of the exchange's clock extend no claim, and block nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from prices.coverage import Verdict
from prices.exchange.event_times import AHEAD, SECOND
from prices.exchange.last_trade import LastTrade
from prices.exchange.stream import Up
from prices.models import Price, Symbol
from prices.recording.check_result import CheckResult
from prices.recording.exchange_clock import AGREEING
from tests.recording.test_writer import Recording, close, frame, settled, vouched
from tests.recording.test_writer import at as instant_at
from tests.support.tapes import START, at, open_gaps, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = Verdict.UNKNOWN

# Seconds that are still believed.
BARELY = AHEAD / SECOND - 1


@pytest.fixture
def recording() -> Iterator[Recording]:
    """Both clocks are right: the exchange's shows 10 s past START at the beginning."""
    recording = Recording()
    recording.wall_now = START.timestamp() + 10
    began = recording.wall_now - recording.now
    recording.writer.heartbeat.wall_clock = lambda: began + recording.now
    yield recording
    close(recording)


def second(recording: Recording, *events: object) -> None:
    """A second passes, and then some events arrive."""
    recording.now += 1
    recording.wall_now += 1
    recording.receive(*events)


def sent(traded: float, event: float, first: int) -> bytes:
    """A tick whose event has another time than its trade."""
    told = json.loads(frame(tick(first, traded)))
    told["data"]["E"] = at(event)
    return json.dumps(told).encode()


def known(recording: Recording) -> None:
    """Two events have shown the clock: 12 s past START now."""
    recording.receive(Up(), tick(1, 10))
    second(recording, tick(2, 11))
    second(recording, tick(3, 12))


class TestWatermark:
    @pytest.mark.parametrize("ahead", [3, BARELY])
    def test_one_event_ahead_extends_no_claim(self, recording, ahead) -> None:
        known(recording)
        second(recording, sent(13, 13 + ahead, 4))
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(14)
        second(recording, tick(5, 15))
        recording.beat()
        assert settled(14) <= vouched()["BTCUSDT"] <= settled(16)

    @pytest.mark.parametrize("ahead", [60, 299])
    def test_an_event_minutes_ahead_is_refused(self, recording, ahead) -> None:
        known(recording)
        second(recording, sent(13, 13 + ahead, 4))
        assert Price.objects.count() == 3
        second(recording, tick(4, 14))
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(15)

    def test_the_first_event_of_all_claims_no_more_than_our_clock(self, recording) -> None:
        recording.receive(Up(), sent(10, 10 + BARELY, 1))
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(11)

    def test_the_first_event_of_a_new_connection_claims_no_more(self, recording) -> None:
        known(recording)
        recording.receive(Up())
        second(recording, sent(13, 13 + BARELY, 4))
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(14)

    def test_an_answer_of_rest_ahead_extends_no_claim(self, recording) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 5)])
        recording.receive(Up())
        last = LastTrade(1, at(5), at(10 + 1800))
        breaks = recording.writer.heartbeat.breaks_of("BTCUSDT")
        recording.receive(CheckResult("BTCUSDT", last, 1, breaks, recording.now))
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(11)

    def test_a_claim_of_the_future_is_lowered_by_the_next(self, recording) -> None:
        """As one that an older version has left behind."""
        with open_tape() as tape:
            tape.heartbeat(["BTCUSDT"], instant_at(300))
        known(recording)
        recording.beat()
        assert vouched()["BTCUSDT"] <= settled(13)
        assert Price.objects.as_of("BTCUSDT", instant_at(100))[1].verdict is Verdict.UNKNOWN

    def test_a_claim_of_another_recorder_is_kept(self, recording) -> None:
        known(recording)
        recording.beat()
        further = vouched()["BTCUSDT"] + timedelta(seconds=1)
        Symbol.objects.filter(name="BTCUSDT").update(heard_through=further)
        recording.heard = recording.now
        recording.now += 1
        recording.writer.turn()
        assert vouched()["BTCUSDT"] == further

    def test_two_events_of_one_batch_show_the_clock(self, recording) -> None:
        """As at the end of a recording that is replayed faster than time."""
        recording.wall_now += 1000
        recording.receive(Up(), tick(1, 10))
        second(recording, tick(2, 11))
        second(recording, tick(3, 500), tick(4, 500.5))
        recording.beat()
        assert vouched()["BTCUSDT"] >= settled(500.5)

    def test_two_events_that_agree_show_the_clock(self, recording) -> None:
        """However wrong ours is: an hour behind the exchange's."""
        recording.wall_now -= 3600
        began = recording.wall_now - recording.now
        recording.writer.heartbeat.wall_clock = lambda: began + recording.now
        recording.receive(Up())
        for n in range(1, AGREEING + 4):
            second(recording, tick(n, 10 + n))
        recording.beat()
        assert settled(10 + AGREEING) <= vouched()["BTCUSDT"] <= settled(14 + AGREEING)


def stored() -> list[int]:
    return list(Price.objects.order_by("pk").values_list("first_trade", flat=True))


class TestTicks:
    def test_true_ticks_follow_one_that_is_ahead(self, recording) -> None:
        known(recording)
        second(recording, tick(4, 13 + BARELY))
        second(recording, tick(5, 14))
        second(recording, tick(6, 15))
        assert (stored(), open_gaps()) == ([1, 2, 3, 5, 6], [(4, 4)])
        for _ in range(10):
            second(recording)
        # Its time has come, and its neighbours contradict it.
        assert (stored(), open_gaps()) == ([1, 2, 3, 5, 6], [(4, 4)])
        assert recording.writer.bad_frames.count == 1

    @pytest.mark.parametrize("ahead", [1.5, 3, BARELY])
    def test_the_newest_of_all_proves_nothing_up_to_it(self, recording, ahead) -> None:
        known(recording)
        second(recording, tick(4, 13 + ahead))
        for seconds in range(13, 13 + int(ahead) + 1):
            assert Price.objects.as_of("BTCUSDT", instant_at(seconds))[1].verdict is UNKNOWN
        minute = Price.objects.minute("BTCUSDT", instant_at(0))[1]
        assert minute.complete_through is None or minute.complete_through <= instant_at(12)

    def test_it_takes_the_claim_of_its_symbol_alone(self, recording) -> None:
        known(recording)
        second(recording, tick(1, 12.9, symbol="ETHUSDT"), tick(4, 13 + BARELY))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]

    def test_not_even_when_the_recorder_ends(self, recording, caplog) -> None:
        known(recording)
        second(recording, tick(4, 13 + BARELY))
        recording.writer.finishing = True
        recording.writer.run()
        assert stored() == [1, 2, 3]
        assert "is ahead of all clocks" in caplog.text
        assert Price.objects.as_of("BTCUSDT", instant_at(13))[1].verdict is UNKNOWN

    def test_one_that_is_ahead_is_stored_when_the_next_confirms_it(self, recording) -> None:
        """As on a line that becomes prompter at once."""
        known(recording)
        second(recording, tick(4, 16))
        assert stored() == [1, 2, 3]
        second(recording, tick(5, 17))
        assert (stored(), open_gaps()) == ([1, 2, 3, 4, 5], [])
        recording.beat()
        assert settled(16) <= vouched()["BTCUSDT"] <= settled(18)

    def test_or_when_its_time_has_come(self, recording) -> None:
        known(recording)
        second(recording, tick(4, 17.5))
        # In the same second that another symbol shows to be right.
        second(recording, tick(1, 14, symbol="ETHUSDT"))
        recording.beat()
        assert "BTCUSDT" not in vouched()
        assert Price.objects.filter(symbol__name="BTCUSDT").count() == 3
        second(recording)
        second(recording)
        assert Price.objects.filter(symbol__name="BTCUSDT").count() == 4
        assert (open_gaps(), recording.writer.bad_frames.count) == ([], 0)

    def test_a_line_that_becomes_prompt_is_believed_soon(self, recording) -> None:
        """Half a minute late at first, and our own clock is as much behind."""
        recording.wall_now -= 30
        recording.receive(Up())
        for n in range(1, 5):
            second(recording, tick(n, n - 20))
        for n in range(5, 5 + AGREEING + 3):
            second(recording, tick(n, n + 10))
        assert stored()[-3:] == [n + AGREEING for n in (5, 6, 7)]
