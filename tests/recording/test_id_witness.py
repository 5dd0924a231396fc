"""Trade ids that are far from the tape's: held until REST says whether it is the same exchange."""

from collections.abc import Iterator

import pytest

from prices.exchange.stream import Up
from prices.models import Candle, Gap, Price, Symbol
from prices.recording import id_pace
from prices.recording.id_pace import FAR, is_far
from prices.recording.id_witness import HELD, IdVerdict, IdWitness, Outcome
from prices.recording.inter_arrival import SETTLING_IN
from tests.recording.test_writer import LOST, Recording, close, expect, vouched
from tests.support.local_exchange import local_exchange
from tests.support.other_exchange import record, trading
from tests.support.recorders import eventually
from tests.support.tapes import open_gaps, open_tape, tick
from tests.support.trackers import tracker

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("BTCUSDT", "ETHUSDT")
HOUR = 3600
DAY = 24 * HOUR
SECOND = 1_000_000
FAR_ON = 3_700_000_000


@pytest.fixture
def recording() -> Iterator[Recording]:
    recording = Recording()
    recording.wall_now += HOUR
    writer = recording.writer
    writer.id_witness = IdWitness(writer.tape, writer.times)
    yield recording
    close(recording)


def put_on_tape(*ticks) -> None:
    with open_tape(*SYMBOLS) as tape:
        tape.store(list(ticks))


def ids(symbol: str) -> list[int]:
    return [row.first_trade for row in Price.objects.filter(symbol__name=symbol).order_by("pk")]


def answer(recording: Recording, outcome: Outcome, symbol: str = "BTCUSDT") -> None:
    question = recording.writer.id_witness.questions[symbol]
    recording.buffer.hand_over(IdVerdict(question, outcome))
    recording.receive()


class TestTwoExchanges:
    @pytest.mark.parametrize("first", [FAR_ON, 1], ids=["ahead", "behind"])
    def test_their_trades_are_never_on_one_tape(self, tmp_path, caplog, first) -> None:
        ours = trading(5_000_000)
        ether = trading(7_000, symbol="ETHUSDT")
        with (
            local_exchange(record(tmp_path / "a", *ours), record(tmp_path / "a", *ether)) as ex,
            tracker(ex, *SYMBOLS),
        ):
            eventually(lambda: Price.objects.count() == 200)
        theirs = trading(first, 200, price="90")
        more = trading(8_000, 100, symbol="ETHUSDT", count=300)
        other = [record(tmp_path / "b", *theirs), record(tmp_path / "b", *ether, *more)]
        with local_exchange(*other) as exchange, tracker(exchange, *SYMBOLS):
            eventually(lambda: len(ids("ETHUSDT")) == 400)
            eventually(lambda: "the tape belongs to another exchange" in caplog.text)
            assert Symbol.objects.get(name="BTCUSDT").heard_at is None
        assert ids("BTCUSDT") == [row.first for row in ours]
        assert not Gap.objects.exists()
        told = caplog.text
        assert "BTCUSDT: nothing is stored: the tape belongs to another exchange" in told
        assert "set another PRICETRACKER_HOME, or another database in DATABASE_URL. For" in told
        assert "the tape has trade 5000990 to 5000999 (1.00000000 for 100.00000000 at" in told
        rows = [f"{row.first} to {row.last} (1.00000000 for 90.00000000 at" for row in theirs]
        assert any(f", this exchange {row}" in told for row in rows)

    def test_after_months_of_absence_recording_goes_on(self, tmp_path, caplog) -> None:
        before = trading(5_000_000)
        # Meanwhile in pages that repair has to walk through.
        meanwhile = trading(5_001_000, 100, count=3_000, trades=1_000)
        after = trading(8_001_000, 90 * DAY)
        put_on_tape(*before)
        path = record(tmp_path, *before, *meanwhile, *after)
        with local_exchange(path) as exchange:
            exchange.exchange.clock.reached(meanwhile[-1].traded)
            with tracker(exchange, "BTCUSDT"):
                eventually(lambda: Price.objects.count() == 3_200)
        assert "of another exchange" not in caplog.text
        assert open_gaps() == []
        assert Gap.objects.exists()


class TestHolding:
    def test_what_joins_is_never_asked_for(self, recording, monkeypatch) -> None:
        put_on_tape(tick(1, 0))
        recording.receive(Up(), tick(2, 1), tick(FAR, 2), tick(FAR - 1, 2))
        monkeypatch.setattr(IdWitness, "joins", None)
        recording.receive(*(tick(n, 3) for n in range(FAR + 1, FAR + 100)))
        assert not recording.writer.id_witness.questions

    def test_until_it_is_known_nothing_is_stored_or_vouched_for(self, recording) -> None:
        put_on_tape(tick(1, 0))
        put_on_tape(tick(1, 9, symbol="ETHUSDT"))
        recording.receive(Up(), tick(2, 10), tick(2, 10, symbol="ETHUSDT"))
        recording.beat()
        assert set(vouched()) == set(SYMBOLS)
        recording.receive(tick(FAR_ON, 11), tick(3, 11, symbol="ETHUSDT"))
        recording.receive(tick(FAR_ON + 1, 12), tick(4, 12, symbol="ETHUSDT"))
        recording.beat()
        assert (ids("BTCUSDT"), ids("ETHUSDT")) == ([1, 2], [1, 2, 3, 4])
        assert set(vouched()) == {"ETHUSDT"}
        assert open_gaps() == []

    def test_what_is_known_goes_on_where_it_was_held(self, recording) -> None:
        put_on_tape(tick(1, 0))
        recording.receive(Up(), tick(FAR_ON, 11), tick(FAR_ON + 1, 12))
        answer(recording, Outcome.KNOWN)
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]
        recording.receive(tick(FAR_ON + 2, 13))
        expect(tick(1, 0), *(tick(FAR_ON + n, 11 + n) for n in range(3)))
        assert open_gaps() == [(2, FAR_ON - 1)]

    def test_what_is_of_another_exchange_never_joins(self, recording) -> None:
        """Not even when its ids have come to where the tape ends."""
        put_on_tape(tick(9_000, 0))
        recording.receive(Up(), tick(5_000, 11))
        answer(recording, Outcome.FOREIGN_TAPE)
        recording.receive(tick(9_001, 12), tick(9_002, 13), LOST, Up(), tick(9_003, 14))
        recording.beat()
        assert ids("BTCUSDT") == [9_000]
        assert vouched() == {}
        answer(recording, Outcome.KNOWN)
        recording.receive(tick(9_004, 15))
        assert ids("BTCUSDT") == [9_000, 9_004]

    def test_one_tick_with_a_wrong_id_is_refused(self, recording) -> None:
        put_on_tape(tick(1, 0))
        recording.receive(Up(), tick(2, 10), tick(FAR_ON, 11), tick(3, 11))
        recording.receive(tick(4, 12), tick(6, 13))
        # The very next ones are beyond doubt.
        assert ids("BTCUSDT") == [1, 2, 3, 4]
        answer(recording, Outcome.FOREIGN_TICK)
        recording.receive(tick(7, 14))
        assert ids("BTCUSDT") == [1, 2, 3, 4, 6, 7]
        assert open_gaps() == [(5, 5)]
        assert recording.writer.bad_frames.count == 1

    def test_what_is_held_is_bounded(self, recording) -> None:
        put_on_tape(tick(1, 0))
        recording.buffer.most = HELD + 100
        recording.receive(Up(), *(tick(FAR_ON + n, 11 + n / 1000) for n in range(HELD + 50)))
        recording.receive()
        assert recording.writer.id_witness.held == HELD
        answer(recording, Outcome.KNOWN)
        assert recording.writer.id_witness.held == 0
        recording.receive(tick(FAR_ON + HELD + 50, 30))
        assert open_gaps() == [(2, FAR_ON - 1), (FAR_ON + HELD, FAR_ON + HELD + 49)]

    def test_what_an_interruption_follows_is_left_to_rest(self, recording) -> None:
        put_on_tape(tick(1, 0))
        recording.receive(Up(), tick(FAR_ON, 11), LOST)
        recording.receive(Up())
        answer(recording, Outcome.KNOWN)
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(FAR_ON + 2, 13))
        assert ids("BTCUSDT") == [1, FAR_ON + 2]

    def test_trades_that_the_tape_has_need_no_question(self, recording) -> None:
        """As when a recording is replayed again."""
        ours = trading(1, count=300)
        put_on_tape(*ours)
        recording.receive(Up(), *ours[:2], tick(3_001, 300))
        assert not recording.writer.id_witness.questions
        recording.receive(LOST, Up(), tick(1, 0, "90", trades=10))
        assert recording.writer.id_witness.questions
        expect(*ours, tick(3_001, 300))

    def test_a_jump_on_a_running_connection(self, recording) -> None:
        recording.receive(Up(), tick(1, 10), tick(FAR_ON, 11))
        assert ids("BTCUSDT") == [1]

    @pytest.mark.parametrize(("jump", "stored"), [(11_000, 201), (14_000, 200)])
    def test_a_pace_explains_a_jump(self, recording, jump, stored) -> None:
        """Ten trades a second: a minute away, twenty times as many may have been made."""
        put_on_tape(*trading(1, count=200))
        recording.receive(Up(), tick(2_001 + jump, 260))
        assert len(ids("BTCUSDT")) == stored

    def test_without_anybody_to_ask_nothing_is_held(self, recording) -> None:
        recording.writer.id_witness = None
        put_on_tape(tick(1, 0))
        recording.receive(Up(), tick(FAR_ON, 11))
        assert ids("BTCUSDT") == [1, FAR_ON]


class TestFirstTick:
    """The first tick of a tape has none to join: its id may be wrong."""

    @pytest.mark.parametrize("stray", [FAR_ON, 1], ids=["too high", "too low"])
    def test_a_stray_is_removed_and_recording_goes_on(self, tmp_path, caplog, stray) -> None:
        ours = trading(5_000_000)
        put_on_tape(tick(stray, -30, "7"))
        with local_exchange(record(tmp_path, *ours)) as ex, tracker(ex, "BTCUSDT"):
            eventually(lambda: Price.objects.count() == len(ours))
        assert ids("BTCUSDT") == [row.first for row in ours]
        assert open_gaps() == []
        assert Candle.objects.filter(low=7).count() == 0
        assert f"BTCUSDT: removed trade {stray} (1.00000000 for 7.00000000 at" in caplog.text
        assert "of another exchange" not in caplog.text

    def test_that_a_stream_brings_is_removed_too(self, recording) -> None:
        recording.receive(Up(), tick(FAR_ON, 9), tick(5, 10), tick(6, 11))
        assert ids("BTCUSDT") == [FAR_ON]
        answer(recording, Outcome.STRAY)
        recording.receive(tick(7, 12))
        recording.beat()
        expect(tick(5, 10), tick(6, 11), tick(7, 12))
        assert list(vouched()) == ["BTCUSDT"]

    def test_alone_claims_nothing(self, recording) -> None:
        recording.receive(Up(), tick(FAR_ON, 9))
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(FAR_ON, 9))
        recording.beat()
        assert vouched() == {}
        recording.receive(tick(FAR_ON + 1, 10))
        recording.beat()
        assert list(vouched()) == ["BTCUSDT"]

    def test_is_checked_soon(self, recording) -> None:
        recording.receive(Up(), tick(1, 9), tick(1, 9, symbol="ETHUSDT"))
        recording.now += SETTLING_IN + 1
        assert set(recording.writer.staleness.suspects(recording.now)) == set(SYMBOLS)

    def test_more_than_one_are_not_removed(self, recording) -> None:
        put_on_tape(tick(FAR_ON, 8), tick(FAR_ON + 1, 9))
        recording.receive(Up(), tick(5, 10))
        answer(recording, Outcome.STRAY)
        assert ids("BTCUSDT") == [FAR_ON, FAR_ON + 1]


@pytest.mark.parametrize(
    ("ahead", "pace", "elapsed", "expected"),
    [
        (1, 0.0, 0, False),
        (FAR, 0.0, 0, False),
        (FAR + 1, 0.0, 0, True),
        (-FAR, 1.0, HOUR, False),
        (-FAR - 1, 1.0, HOUR, True),
        (20_000, 10 / SECOND, 100 * SECOND, False),
        (20_001, 10 / SECOND, 100 * SECOND, True),
        (20_000, 10 / SECOND, -100 * SECOND, True),
        (720_000, 10 / SECOND, 90 * DAY * SECOND, False),
        (720_001, 10 / SECOND, 90 * DAY * SECOND, True),
    ],
)
def test_how_far_is_far(ahead, pace, elapsed, expected) -> None:
    assert is_far(ahead, pace, elapsed) is expected


def test_the_pace_of_a_tape() -> None:
    with open_tape() as tape:
        assert id_pace.pace_of(tape, "BTCUSDT") == 0
        tape.store([tick(1, 0), tick(601, 30)])
        # Over a minute at least: some ticks of one order are no pace.
        assert id_pace.pace_of(tape, "BTCUSDT") == 600 / 60 / SECOND
        tape.store([tick(8_000, 2 * HOUR), tick(9_800, 3 * HOUR)])
        assert id_pace.pace_of(tape, "BTCUSDT") == 1_800 / HOUR / SECOND
