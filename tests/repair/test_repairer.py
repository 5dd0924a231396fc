"""The repairer on a real tape: every way in which REST helps, lags, withholds and fails."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.exchange.messages import AggTrade
from prices.exchange.rest_errors import Refused
from prices.models import Gap
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Hole, Stored, Tape
from prices.repair.repairer import Repairer, Turn
from prices.repair.schedule import BEHIND, RETRY_WITHIN, UNANSWERED, WITHHELD
from tests.support.history import UNREACHABLE, History
from tests.support.tapes import (
    START,
    at,
    check,
    clear,
    expected_ticks,
    minutes,
    open_gaps,
    open_tape,
    stored_candles,
    stored_ticks,
    tick,
)

pytestmark = pytest.mark.django_db(transaction=True)

# Trades 1 to 30, one a second.
THIRTY = [tick(n, n, str(n)) for n in range(1, 31)]

PAGE = 5  # rows


class Mending:
    """A repairer whose exchange and clock are in the test's hands."""

    def __init__(self, history: History) -> None:
        self.now = 1000.0
        self.history = history
        self.tape = ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"])
        self.repairer = Repairer(self.tape, history, ["BTCUSDT"], rows=PAGE, clock=lambda: self.now)

    def store(self, ticks: list[AggTrade]) -> None:
        self.tape.once(lambda tape: tape.store(ticks))

    def turns(self) -> list[Turn]:
        """All that there is to do now."""
        turns = []
        while (turn := self.repairer.turn()) is not None:
            turns.append(turn)
            assert len(turns) < 200, "it goes on for ever"
        return turns


@pytest.fixture
def mending() -> Iterator[Callable[..., Mending]]:
    opened: list[Mending] = []

    def mend(*rows: AggTrade) -> Mending:
        history = History()
        for row in rows:
            history.add(row)
        opened.append(Mending(history))
        return opened[-1]

    yield mend
    for each in opened:
        each.tape.close()


def made(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def check_tape(*ticks: AggTrade) -> None:
    with open_tape() as tape:
        check(tape, list(ticks))


def errors() -> list[tuple]:
    return list(Gap.objects.filter(status="open").values_list("attempts", "last_error"))


class TestHelp:
    def test_a_small_gap_takes_one_page(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([*THIRTY[:10], *THIRTY[12:]])
        assert m.turns() == [Turn.FILLED]
        check_tape(*THIRTY)
        assert m.history.asked == [
            {"symbol": "BTCUSDT", "limit": 1, "startTime": at(10)},
            {"symbol": "BTCUSDT", "limit": PAGE, "fromId": 1008},
        ]
        gap = Gap.objects.get()
        assert (gap.status, gap.source, gap.ticks, gap.attempts) == ("repaired", "rest", 2, 1)

    def test_a_large_gap_is_walked_through_by_id(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([THIRTY[0], THIRTY[29]])
        assert m.turns() == [*[Turn.FILLING] * 6, Turn.FILLED]
        check_tape(*THIRTY)
        assert [asked.get("fromId") for asked in m.history.asked[:3]] == [None, 999, 1004]
        gap = Gap.objects.get()
        assert (gap.first_trade, gap.last_trade, gap.ticks, gap.attempts) == (2, 29, 28, 7)

    def test_where_time_leads_far_past_a_gap_one_goes_back_by_id(self, mending) -> None:
        m = mending()
        ticks = [tick(n, n / 100) for n in range(1, 31)]
        for t in ticks:
            # REST tells the first 25 as nearly a second earlier than the stream did.
            m.history.add(t, traded=t.traded - 900_000 if t.first <= 25 else None)
        m.store([*ticks[:10], *ticks[12:]])
        assert m.turns()[-1] is Turn.FILLED
        assert open_gaps() == []

    def test_a_row_left_out_does_not_end_the_way_back(self, mending) -> None:
        """Time leads to 13, past 11, which is told to be earlier; and the row before 13 is
        withheld.
        """
        m = mending()
        for t in THIRTY:
            if t.first != 12:
                told = THIRTY[9].traded - 5_000 if t.first in (10, 11) else None
                m.history.add(t, number=1000 + t.first, traded=told)
        m.store([*THIRTY[:10], *THIRTY[13:]])
        assert m.turns()[-1] is Turn.WITHHELD
        assert open_gaps() == [(12, 12)]

    def test_many_ticks_of_one_instant_over_the_edge_of_a_page(self, mending) -> None:
        ticks = [tick(n, 7) for n in range(1, 31)]
        m = mending(*ticks)
        m.store([*ticks[:3], *ticks[26:]])
        m.turns()
        check_tape(*ticks)

    def test_the_newest_hour_comes_first_and_in_it_the_small_gaps(self, mending) -> None:
        """One from months ago never holds up what was missed just now."""
        # One a minute: half past eight to nine is the first hour.
        ticks = [tick(n, n * 60) for n in range(1, 60)]
        m = mending(*ticks)
        # Missing: 5 in the first hour; in the next one 33 to 42, then 50 and 55.
        m.store([t for t in ticks if not 33 <= t.first <= 42 and t.first not in (5, 50, 55)])
        m.turns()
        started = [asked["startTime"] for asked in m.history.asked if "startTime" in asked]
        assert started == [at(n * 60) for n in (49, 54, 32, 4)]
        check_tape(*ticks)

    def test_one_page_fills_all_the_gaps_that_it_covers(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([t for t in THIRTY if t.first not in (3, 5)])
        assert m.turns() == [Turn.FILLED]
        assert Gap.objects.filter(status="repaired").count() == 2

    def test_a_tick_that_reaches_over_two_gaps_side_by_side(self, mending) -> None:
        """Past the newest tick somebody saw trade 13, in the middle of the tick that holds 11 to
        16.
        """
        long = tick(11, 11, trades=6)
        ticks = [*THIRTY[:10], long, *THIRTY[16:]]
        m = mending(*ticks)
        m.store(THIRTY[:10])
        m.tape.once(lambda tape: tape.note("BTCUSDT", [Hole(11, 13, made(10), made(11))]))
        m.store(THIRTY[16:])
        assert open_gaps() == [(11, 13), (14, 16)]
        m.turns()
        check_tape(*ticks)

    def test_other_symbols_gaps_are_left_alone(self, mending) -> None:
        m = mending(*THIRTY)
        with open_tape("ETHUSDT") as tape:
            tape.store([tick(1, symbol="ETHUSDT"), tick(5, 5, symbol="ETHUSDT")])
        assert m.turns() == []
        assert open_gaps("ETHUSDT") == [(2, 4)]


class TestBehind:
    def test_rest_is_asked_again_until_it_reaches_the_stream(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([*THIRTY[:10], *THIRTY[20:]])
        m.history.ends_before = 14
        assert m.turns() == [Turn.FILLING, Turn.BEHIND]
        assert open_gaps() == [(14, 20)]
        assert errors() == [(2, "REST does not have these trades yet.")]
        assert m.turns() == []
        m.now += BEHIND
        assert m.turns() == [Turn.BEHIND]
        m.history.ends_before = None
        m.now += BEHIND
        assert m.turns()[-1] is Turn.FILLED
        check_tape(*THIRTY)

    def test_nothing_is_there_from_that_time_on(self, mending) -> None:
        m = mending()
        m.store([THIRTY[0], THIRTY[5]])
        assert m.turns() == [Turn.BEHIND]
        assert m.repairer.repairable() == 1


class TestWithheld:
    def test_what_the_exchange_left_out_stays_a_gap(self, mending) -> None:
        """AggTradeRow ids jump where it is left out: that proves nothing."""
        m = mending()
        for t in THIRTY:
            if t.first != 12:
                m.history.add(t, number=1000 + t.first)
        m.store([*THIRTY[:10], *THIRTY[14:]])
        assert m.turns() == [Turn.WITHHELD]
        assert open_gaps() == [(12, 12)]
        assert errors() == [(1, "The exchange does not return these trades.")]
        assert m.repairer.repairable() == 0
        # It is tried again, hours later; days later it was seen to be there.
        m.history.rows.clear()
        for t in THIRTY:
            m.history.add(t, number=1000 + t.first)
        m.now += WITHHELD
        assert m.turns() == [Turn.FILLED]
        check_tape(*THIRTY)

    def test_what_it_no_longer_keeps_stays_a_gap(self, mending) -> None:
        m = mending(*THIRTY)
        m.history.kept_from = 1000 + 12
        m.store([*THIRTY[:10], *THIRTY[19:]])
        assert m.turns()[-1] is Turn.WITHHELD
        assert open_gaps() == [(11, 12)]

    def test_a_senseless_row_is_named_and_others_are_taken(self, mending) -> None:
        m = mending(*THIRTY)
        m.history.rows[11]["p"] = "1e5"
        m.store([*THIRTY[:10], *THIRTY[13:]])
        assert m.turns() == [Turn.WITHHELD]
        assert open_gaps() == [(12, 12)]
        ((_, error),) = errors()
        assert '"f": 12' in error
        assert "is invalid" in error

    def test_a_symbol_that_the_exchange_does_not_know(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([THIRTY[0], THIRTY[5]])
        m.history.errors = [Refused(-1121, "HTTP 400. Invalid symbol.")]
        assert m.turns() == [Turn.WITHHELD]
        assert errors() == [(1, "HTTP 400. Invalid symbol.")]

    def test_other_gaps_do_not_wait_for_it(self, mending) -> None:
        m = mending()
        for t in THIRTY:
            if t.first != 25:
                m.history.add(t, number=1000 + t.first)
        m.store([t for t in THIRTY if t.first not in (5, 25)])
        assert sorted(turn.name for turn in m.turns()) == ["FILLED", "WITHHELD"]
        assert open_gaps() == [(25, 25)]


class TestVoid:
    def test_ids_between_two_neighbours_were_never_made(self, mending) -> None:
        ticks = [t for t in THIRTY if t.first not in (12, 13)]
        m = mending(*ticks)
        m.store([*THIRTY[:10], *THIRTY[19:]])
        filled: list[Stored] = []
        m.repairer.filled = filled.append
        m.turns()
        assert open_gaps() == []
        assert Stored(0, gaps_opened=0, gaps_closed=1) in filled
        (gap,) = Gap.objects.filter(status="void")
        assert (gap.first_trade, gap.last_trade) == (12, 13)

    def test_beside_tombstones_nothing_is_proven(self, mending) -> None:
        """There the exchange has renumbered its past, and a trade may stand where none
        expects it.
        """
        m = mending()
        for t in THIRTY:
            if t.first in (12, 13):
                m.history.bury()
            else:
                m.history.add(t)
        m.store([*THIRTY[:10], *THIRTY[19:]])
        m.turns()
        assert open_gaps() == [(12, 13)]
        assert Gap.objects.filter(status="void").count() == 0

    def test_nor_beside_an_aggregate_id_that_is_used_twice(self, mending) -> None:
        m = mending()
        for t in THIRTY:
            if t.first != 12:
                m.history.add(t, number=1000 + t.first - (t.first > 12) * 2)
        m.store([*THIRTY[:10], *THIRTY[13:]])
        m.turns()
        assert open_gaps() == [(12, 12)]


class TestNoAnswer:
    def test_is_noted_and_tried_again_after_a_pause_that_grows(self, mending) -> None:
        m = mending(*THIRTY)
        m.store([*THIRTY[:10], *THIRTY[12:]])
        m.history.errors = [UNREACHABLE] * 3
        for attempt in range(1, 4):
            assert m.turns() == [Turn.UNANSWERED]
            assert errors() == [(attempt, "The exchange did not answer in time.")]
            assert m.turns() == []
            m.now += UNANSWERED
        assert m.turns() == [Turn.FILLED]
        assert Gap.objects.get().last_error == "The exchange did not answer in time."
        check_tape(*THIRTY)

    def test_is_not_waited_out_beside_a_recording(self, mending, caplog) -> None:
        m = mending(*THIRTY)
        m.repairer = Repairer(
            m.tape,
            m.history,
            ["BTCUSDT"],
            rows=PAGE,
            retry_within=RETRY_WITHIN,
            clock=lambda: m.now,
        )
        m.store([*THIRTY[:10], *THIRTY[12:]])
        m.history.errors = [UNREACHABLE] * 30
        for _ in range(30):
            assert m.turns() == [Turn.UNANSWERED]
            m.now += RETRY_WITHIN
        assert m.turns() == [Turn.FILLED]
        # A line per minute: they are the same.
        assert caplog.text.count("Missing trades cannot be fetched") == 2

    def test_for_one_gap_does_not_hold_up_the_others(self, mending) -> None:
        """Something about this one alone may be more than REST can bear."""
        m = mending(*THIRTY)
        m.store([t for t in THIRTY if t.first not in (5, 25)])
        m.history.errors = [UNREACHABLE]
        assert m.turns() == [Turn.UNANSWERED]
        m.repairer.pause_until = m.now
        assert m.turns() == [Turn.FILLED]
        assert Gap.objects.filter(status="open").count() == 1


@dataclass
class Past:
    """A past with everything odd that was seen. Each tick as the stream sent it and as REST tells
    it, under its first trade id.

    `withheld` are the ids that REST leaves out though they were traded; `numbered`: its aggregate
    ids are without fault.
    """

    history: History
    streamed: dict[int, AggTrade] = field(default_factory=dict)
    told: dict[int, AggTrade] = field(default_factory=dict)
    withheld: set[int] = field(default_factory=set)
    numbered: bool = True


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    past = Past(History(by_row=draw(st.booleans())))
    first, number, made = 1, 1000, 0
    for _ in range(draw(st.integers(2, 40))):
        oddity = draw(
            st.sampled_from([*["plain"] * 8, "jump", "tombstone", "twice", "omitted", "back"])
        )
        past.numbered &= oddity not in ("tombstone", "twice", "omitted")
        trades = draw(st.integers(1, 3))
        if oddity == "jump":
            first += draw(st.integers(1, 4))
        made += draw(st.sampled_from([0, 0, 0.001, 1, 3]))
        t = tick(first, made, trades=trades)
        first = t.last + 1
        rows = past.history.rows
        used = [row["a"] for row in rows[-2:]].count(number)
        number += 0 if oddity == "twice" and used == 1 else 1
        if oddity == "tombstone":
            past.history.bury(number)
            number += 1
        if oddity == "omitted":
            past.withheld |= set(range(t.first, t.last + 1))
            continue
        traded = t.traded - 5_000 if oddity == "back" else t.traded
        past.history.add(t, number, traded)
        past.streamed[t.first] = t
        past.told[t.first] = AggTrade(
            "BTCUSDT", t.first, t.last, t.price, t.quantity, traded, traded
        )
    return past


@given(past=pasts(), data=st.data())
@settings(max_examples=200)
def test_whatever_is_missing_and_handed_out_comes_back_once(transactional_db, past, data) -> None:
    """At the end only what the exchange withholds is a gap, and ids that were never made are known
    to be void.
    """
    if len(past.told) < 2:
        return
    kept = data.draw(st.sets(st.sampled_from(sorted(past.told))))
    kept |= {min(past.told), max(past.told)}
    mending = Mending(past.history)
    try:
        mending.tape.once(clear)
        mending.store([past.streamed[n] for n in sorted(kept)])
        mending.turns()
        hopeless = mending.repairer.repairable() == 0
    finally:
        mending.tape.close()
    left = {n for first, last in open_gaps() for n in range(first, last + 1)}
    assert not left & {n for t in past.told.values() for n in range(t.first, t.last + 1)}
    assert {n for n in past.withheld if min(kept) < n < max(kept)} <= left
    # Ids that were never made: that can be proven where the numbering is without fault.
    assert not (past.numbered and left)
    assert hopeless
    ticks = [(past.streamed if n in kept else past.told)[n] for n in past.told]
    with open_tape() as tape:
        assert stored_ticks() == expected_ticks(tape, ticks)
        assert stored_candles() == {key: asdict(candle) for key, candle in minutes(ticks).items()}


def test_a_gap_that_is_too_large_is_left_to_those_who_ask() -> None:
    """Years of history are not fetched because a recorder happens to run."""
    history = History()
    for each in THIRTY:
        history.add(each)
    tape = ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"])
    tape.once(lambda opened: opened.store([THIRTY[0], THIRTY[24], THIRTY[27]]))
    repairer = Repairer(tape, history, ["BTCUSDT"], rows=PAGE, largest=9)
    while repairer.turn() is not None:
        pass
    tape.close()
    # The page that filled trades 26 and 27 had one or two from before, too.
    ((first, last),) = open_gaps()
    assert first == 2
    assert last > 20
