"""What is asked of REST about ids that are far from the tape's, and what is made of the answers."""

from collections.abc import Iterator

import pytest

from prices.exchange.agg_trades import AggTrades
from prices.exchange.messages import AggTrade
from prices.exchange.rest import Rest
from prices.recording.id_check import CONTRADICTED_RETRY, IdCheck
from prices.recording.id_witness import IdVerdict, Outcome
from prices.recording.inter_arrival import RETRY_WITHIN
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.symbol_log import INTERVAL as LINE_INTERVAL
from prices.recording.tape import Tape
from prices.recording.trade_recognition import BEHIND, Known, recognise
from replay.faults.fault import Fault
from tests.support.history import History
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.tapes import at, open_tape, recorded, tick

SYMBOLS = ("BTCUSDT", "ETHUSDT")
FAR_ON = 3_700_000_000


class Asking:
    """A check whose clock is in the test's hands, at an exchange that has everything."""

    def __init__(self, rest_url: str) -> None:
        self.now = 1000.0
        self.questions: dict[str, AggTrade] = {}
        self.verdicts: list[IdVerdict] = []
        self.rest = Rest(rest_url)
        self.tape = ReconnectingTape(lambda: Tape(connect("tests")), SYMBOLS)
        self.check = IdCheck(
            self.questions,
            self.rest,
            self.tape,
            hand_over=self.verdicts.append,
            clock=lambda: self.now,
        )

    def turn(self, seconds: float = 0) -> bool:
        self.now += seconds
        return self.check.turn()

    def outcomes(self) -> list[tuple[str, Outcome]]:
        return [(verdict.tick.symbol, verdict.outcome) for verdict in self.verdicts]


@pytest.fixture
def exchange() -> Iterator[Running]:
    with local_exchange(BTC, ETH) as running:
        running.exchange.clock.reached(10**16)
        running.exchange.faults.start()
        yield running


@pytest.fixture
def asking(exchange: Running, transactional_db: None) -> Iterator[Asking]:
    asking = Asking(exchange.rest_url)
    yield asking
    asking.tape.close()
    asking.rest.close()


def put_on_tape(*ticks: AggTrade) -> None:
    with open_tape(*SYMBOLS) as tape:
        tape.store(list(ticks))


class TestAsking:
    def test_a_tape_and_a_tick_of_this_exchange(self, asking) -> None:
        rows = recorded(BTC)
        put_on_tape(*rows[:20])
        asking.questions["BTCUSDT"] = rows[4_000]
        assert asking.turn() is True
        assert asking.outcomes() == [("BTCUSDT", Outcome.KNOWN)]
        # Until the writer has heard of it, it is not asked again.
        assert asking.turn() is False
        asking.questions["BTCUSDT"] = rows[5_000]
        assert asking.turn() is True

    def test_a_tape_of_another_is_told_of_once_a_minute(self, asking, caplog) -> None:
        rows = recorded(BTC)
        for row in rows[:20]:
            put_on_tape(tick(FAR_ON + row.first, 0))
        asking.questions["BTCUSDT"] = rows[4_000]
        asking.turn()
        assert asking.outcomes() == [("BTCUSDT", Outcome.FOREIGN_TAPE)]
        told = "BTCUSDT: nothing is stored: the tape belongs to another exchange"
        assert caplog.text.count(told) == 1
        assert asking.turn(CONTRADICTED_RETRY - 1) is False
        assert asking.turn(1) is True
        assert asking.turn(LINE_INTERVAL) is False
        assert caplog.text.count(told) == 3

    def test_one_tick_of_another_is_a_stray(self, asking, caplog) -> None:
        rows = recorded(BTC)
        put_on_tape(tick(FAR_ON, 0))
        asking.questions["BTCUSDT"] = rows[-1]
        asking.turn()
        assert asking.outcomes() == [("BTCUSDT", Outcome.STRAY)]
        assert "of another exchange" not in caplog.text

    def test_one_tick_of_another_beside_another_is_told_of(self, asking, caplog) -> None:
        put_on_tape(tick(FAR_ON, 0))
        asking.questions["BTCUSDT"] = tick(2 * FAR_ON, 1)
        asking.turn()
        assert asking.outcomes() == [("BTCUSDT", Outcome.FOREIGN_TAPE)]
        assert "BTCUSDT: nothing is stored: the tape belongs to another exchange" in caplog.text

    def test_a_tick_that_the_exchange_does_not_know(self, asking) -> None:
        rows = recorded(BTC)
        put_on_tape(*rows[:20])
        stray = rows[4_000]
        asking.questions["BTCUSDT"] = AggTrade(
            "BTCUSDT", FAR_ON, FAR_ON, "1", "1", stray.traded, stray.sent
        )
        asking.turn()
        assert asking.outcomes() == [("BTCUSDT", Outcome.FOREIGN_TICK)]

    @pytest.mark.parametrize("name", ["rest-down", "rest-html", "rest-truncate"])
    def test_without_an_answer_it_is_asked_again_soon(self, asking, exchange, caplog, name) -> None:
        exchange.exchange.faults.add(Fault(name=name, seconds=600))
        rows = {"BTCUSDT": recorded(BTC), "ETHUSDT": recorded(ETH)}
        for symbol in SYMBOLS:
            put_on_tape(*rows[symbol][:20])
            asking.questions[symbol] = rows[symbol][4_000]
        for _ in range(9):
            asking.turn(RETRY_WITHIN)
        assert asking.verdicts == []
        assert caplog.text.count("nothing is stored until REST confirms") == 1
        exchange.exchange.faults.clear()
        asking.turn(RETRY_WITHIN)
        asking.turn()
        # Each has its turn.
        assert {verdict.tick.symbol for verdict in asking.verdicts} == set(SYMBOLS)

    def test_others_are_left_their_share_of_the_limits(self, asking) -> None:
        asking.check.reserve = 300
        asking.rest.rate_limiter.spend(1_300, asking.rest.clock())
        asking.questions["BTCUSDT"] = recorded(BTC)[4_000]
        assert asking.turn() is False


def known(*rows: AggTrade, ticks: list[AggTrade], **options: int) -> Known:
    history = History(**options)
    for row in rows:
        history.add(row)
    return recognise(AggTrades(history, "BTCUSDT"), ticks).known  # type: ignore[arg-type]


THIRTY = [tick(n, n, str(n)) for n in range(1, 31)]


class TestRecognising:
    def test_one_of_the_newest_is_enough(self) -> None:
        assert known(*THIRTY, ticks=THIRTY[-3:]) is Known.YES
        assert known(*THIRTY[:-2], *[tick(n, n, "7") for n in (31, 32)], ticks=THIRTY[-3:]) is (
            Known.YES
        )

    def test_rest_may_cut_the_same_trades_into_other_ticks(self) -> None:
        whole = tick(5, 5, "5", trades=4, quantity="4")
        parts = [tick(n, 5, "5") for n in range(5, 9)]
        assert known(*THIRTY[:4], whole, ticks=parts) is Known.YES
        assert known(*THIRTY[:4], *parts, ticks=[whole]) is Known.YES

    def test_rest_may_know_the_time_to_the_millisecond_only(self) -> None:
        ours = AggTrade("BTCUSDT", 5, 5, "5", "1", at(5) + 789, at(5) + 789)
        assert known(*THIRTY, ticks=[ours]) is Known.YES

    @pytest.mark.parametrize(
        "other",
        [
            tick(5, 5, "6"),
            tick(5, 5, "5", quantity="2"),
            tick(5, 5.002, "5"),
            tick(FAR_ON, 5, "5"),
        ],
        ids=["price", "quantity", "time", "id"],
    )
    def test_another_trade_is_no_witness(self, other) -> None:
        assert known(other, ticks=[THIRTY[4]]) is Known.NO

    def test_rest_may_not_have_come_so_far(self) -> None:
        assert known(*THIRTY[:-1], ticks=[THIRTY[-1]]) is Known.UNSURE
        assert known(ticks=[THIRTY[-1]]) is Known.UNSURE

    def test_far_ids_of_long_before_are_an_answer(self) -> None:
        last = tick(FAR_ON, BEHIND / 1_000_000 + 40, "5")
        assert known(*THIRTY, ticks=[last]) is Known.NO

    def test_higher_ids_of_before_are_an_answer(self) -> None:
        assert known(tick(FAR_ON, 1), ticks=[tick(1, 2)]) is Known.NO
