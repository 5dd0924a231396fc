"""Ticks whose times cannot be right, on every way to the tape: refused, told of, and
fetched again.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from prices.exchange.messages import AggTrade
from prices.models import Candle, Price
from prices.recording.exchange_clock import AGREEING
from prices.recording.writer import Writer
from prices.repair.repairer import Turn
from tests.recording.test_writer import LOST, Recording, Up, close, expect, frame, settled, vouched
from tests.repair.test_repairer import Mending, mending  # noqa: F401 - a fixture
from tests.support.tapes import at, check, open_gaps, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
CENTURIES = 2954 * 365 * DAY
IN_1980 = -1_400_000_000


@pytest.fixture
def recording() -> Iterator[Recording]:
    recording = Recording()
    yield recording
    close(recording)


def told(at_seconds: float, traded: float, first: int = 2) -> bytes:
    """A tick whose event has another time than its trade."""
    event = json.loads(frame(tick(first, at_seconds)))
    event["data"]["T"] = at(traded)
    return json.dumps(event).encode()


# Ticks of BTCUSDT: the event itself denies the time of its trade; or all clocks deny both.
WRONG = [told(11, 11 + DAY), frame(tick(2, 11 + DAY))]


class TestStreams:
    @pytest.mark.parametrize("traded", [DAY, CENTURIES, IN_1980, 60, -60])
    def test_a_right_event_with_a_wrong_trade_time(self, recording, caplog, traded) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(told(11, 11 + traded), tick(3, 12))
        expect(tick(1, 10), tick(3, 12))
        assert open_gaps() == [(2, 2)]
        assert recording.writer.bad_frames.count == 1
        assert "Skipped 1 frame" in caplog.text
        assert Candle.objects.count() == 1

    @pytest.mark.parametrize("traded", [DAY, CENTURIES, 1, 0.004, -7200, IN_1980])
    def test_the_newest_of_all_with_a_wrong_trade_time(self, recording, traded) -> None:
        """No neighbour contradicts it: its own event does."""
        recording.receive(Up(), tick(1, 10), LOST, Up())
        recording.receive(told(11, 11 + traded))
        assert Price.objects.count() == 1

    @pytest.mark.parametrize("wrong", WRONG, ids=["trade", "event"])
    def test_one_takes_no_claim_of_other_symbols_back(self, recording, caplog, wrong) -> None:
        recording.receive(Up(), tick(1, 10), tick(1, 10, symbol="ETHUSDT"))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}
        recording.receive(wrong, tick(2, 11, symbol="ETHUSDT"))
        assert list(vouched()) == ["ETHUSDT"]
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]
        assert "Skipped 1 frame of BTCUSDT," in caplog.text
        recording.receive(tick(3, 12))
        recording.beat()
        assert vouched().keys() == {"BTCUSDT", "ETHUSDT"}

    @pytest.mark.parametrize("wrong", WRONG, ids=["trade", "event"])
    def test_one_beside_the_first_tick_of_another_costs_it_nothing(self, recording, wrong) -> None:
        recording.receive(Up(), tick(1, 10), LOST)
        recording.receive(Up(), wrong, tick(1, 11, symbol="ETHUSDT"))
        recording.beat()
        assert list(vouched()) == ["ETHUSDT"]

    @pytest.mark.parametrize("seconds", [DAY, CENTURIES, IN_1980, 3600, 600])
    def test_an_event_whose_own_time_is_wrong(self, recording, seconds) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(tick(2, 11 + seconds))
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(3, 12))
        recording.beat(heard=recording.now)
        assert vouched()["BTCUSDT"] <= settled(12) + timedelta(seconds=2)
        expect(tick(1, 10), tick(3, 12))

    def test_the_first_tick_of_a_tape_is_looked_at_too(self, recording) -> None:
        recording.receive(Up(), tick(1, DAY), tick(2, CENTURIES), tick(3, IN_1980))
        assert Price.objects.count() == 0

    def test_in_a_small_batch_the_tape_bears_witness(self, recording) -> None:
        recording.receive(Up(), tick(1, 10))
        recording.receive(tick(2, 5))
        recording.wall_now += 12
        recording.receive(LOST, Up(), tick(2, -999 * DAY))
        recording.receive(tick(3, 9.5))
        expect(tick(1, 10), tick(3, 9.5))

    def test_a_late_tick_must_lie_between_its_neighbours(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(5, 20))
        recording.receive(told(21, 21, first=2), told(21, 12, first=3), told(21, 8, first=4))
        expect(tick(1, 10), AggTrade("BTCUSDT", 3, 3, "100", "1", at(12), at(21)), tick(5, 20))
        assert open_gaps() == [(2, 2), (4, 4)]

    def test_a_pause_of_days_is_none_of_this(self, recording) -> None:
        recording.wall_now += 600
        recording.receive(Up(), tick(1, -9 * DAY), LOST, Up(), tick(2, 0), tick(3, 600))
        expect(tick(1, -9 * DAY), tick(2, 0), tick(3, 600))

    def test_a_replay_of_the_past_faster_than_time(self, recording) -> None:
        ticks = [tick(n, n * 3600 - 99 * DAY) for n in range(1, 100)]
        recording.receive(Up(), *ticks)
        expect(*ticks)

    def test_a_poisoned_tape_does_not_refuse_what_is_right(self, recording, caplog) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0), tick(2, CENTURIES)])
        recording.receive(Up(), tick(3, 10))
        recording.receive(tick(4, 11))
        assert Price.objects.count() == 4
        assert "BTCUSDT: the newest tick on the tape is dated 497" in caplog.text

    def test_our_own_clock_may_be_wrong(self, recording) -> None:
        """Months behind: after some events that agree it is known who is."""
        recording.receive(Up(), *(tick(n, 99 * DAY + n) for n in range(1, AGREEING + 9)))
        expect(*(tick(n, 99 * DAY + n) for n in range(AGREEING + 1, AGREEING + 9)))
        recording.wall_now += 999 * DAY
        recording.receive(tick(AGREEING + 9, 99 * DAY + 60))
        assert Price.objects.count() == 9

    def test_the_usual_batch_is_read_at_once(self, recording, monkeypatch) -> None:
        """What is looked for must not cost the way of the many."""
        recording.receive(Up(), tick(1, 0), tick(1, 0, symbol="ETHUSDT"))
        monkeypatch.setattr(recording.writer.times, "astray", None)
        monkeypatch.setattr(Writer, "read_each", None)
        recording.receive(*(tick(n, n / 10) for n in range(2, 50)))
        assert Price.objects.count() == 50


class TestRest:
    @pytest.mark.parametrize("seconds", [DAY, CENTURIES, -DAY, 20, -20])
    def test_a_row_that_cannot_be_right_is_not_stored(self, mending, caplog, seconds) -> None:  # noqa: F811
        m: Mending = mending()
        ticks = [tick(n, n) for n in range(1, 31)]
        for row in ticks:
            wrong = at(row.first + seconds) if row.first == 11 else None
            m.history.add(row, traded=wrong)
        m.store([*ticks[:9], *ticks[13:]])
        assert m.turns()[-1] is Turn.WITHHELD
        assert open_gaps() == [(11, 11)]
        with open_tape() as tape:
            check(tape, [row for row in ticks if row.first != 11])
        assert "Trade 11 is invalid: " in caplog.text
