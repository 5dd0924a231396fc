"""Coverage: an answer is called complete only when it is the one that the exchange's whole ledger
gives.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.coverage import GAPS_LISTED, Coverage, KnownTape, TouchingGap, Verdict
from prices.exchange.messages import AggTrade
from prices.minutes import minute_start
from prices.models import Gap, Price, Symbol
from prices.models.symbol import HEARTBEAT_COUNTS_FOR
from prices.recording.tape import Hole, Tape
from tests.support.tapes import START, clear, instant, minutes, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)

COMPLETE, INCOMPLETE, UNKNOWN = Verdict.COMPLETE, Verdict.INCOMPLETE, Verdict.UNKNOWN

# Seconds between two ticks: many at one instant, and many right on or beside the edge of a minute.
STEPS = [0, 0, 0, 0.000001, 19.999999, 20, 40, 60, 60, 130]


@st.composite
def ledgers(draw: st.DrawFn) -> list[AggTrade]:
    """What the exchange knows of one symbol: ids that join, in order of time."""
    ledger, first, seconds = [], draw(st.integers(0, 100)), draw(st.sampled_from([0, 20, 40]))
    for _ in range(draw(st.integers(1, 9))):
        trades = draw(st.integers(1, 2))
        ledger.append(tick(first, seconds, str(draw(st.integers(1, 9))), trades=trades))
        first += trades
        seconds += draw(st.sampled_from(STEPS))
    return ledger


@dataclass
class Case:
    """A ledger, what of it was stored, and before which instant a live recorder vouches for it, if
    there is one.
    """

    ledger: list[AggTrade]
    stored: list[AggTrade]
    vouched: datetime | None

    def holes(self) -> Iterable[tuple[AggTrade, AggTrade]]:
        """The neighbours on the tape between which something is missing."""
        for before, after in zip(self.stored, self.stored[1:], strict=False):
            if before.last + 1 != after.first:
                yield before, after

    def instants(self) -> set[datetime]:
        """Every instant at which an answer may change, and those beside it."""
        edges = [made(tick) for tick in self.ledger]
        edges += [edge.replace(second=0, microsecond=0) for edge in edges]
        if self.vouched:
            edges.append(self.vouched)
        return {
            edge + beside for edge in edges for beside in (-MICROSECOND, 0 * MINUTE, MICROSECOND)
        }

    def minutes(self) -> set[datetime]:
        return {
            at.replace(second=0, microsecond=0) + n * MINUTE
            for at in self.instants()
            for n in (0, 1)
        }


def made(tick: AggTrade) -> datetime:
    return instant(tick.traded)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ledger = draw(ledgers())
    kept = draw(st.lists(st.sampled_from(range(len(ledger))), min_size=1, unique=True))
    stored = [ledger[n] for n in sorted(kept)]
    # A recorder vouches for nothing that it may not have received.
    unseen = [made(tick) for tick in ledger if tick.first > stored[-1].last]
    latest = min(unseen, default=made(ledger[-1]) + 10 * MINUTE)
    whens = [
        made(tick) + beside for tick in ledger for beside in (-MICROSECOND, 0 * MINUTE, MINUTE)
    ]
    vouched = draw(st.sampled_from([None, latest, *(when for when in whens if when <= latest)]))
    return Case(ledger, stored, vouched)


def put(tape: Tape, case: Case, batches: list[list[AggTrade]]) -> None:
    """Lay the case on the tape, beside another symbol that has a hole over all of it."""
    clear(tape)
    Symbol.objects.update(heard_at=None, heard_through=None)
    tape.store([tick(1, -9999, symbol="ETHUSDT"), tick(9, 9999, symbol="ETHUSDT")])
    for batch in batches:
        tape.store(batch)
    if case.vouched:
        tape.heartbeat(["BTCUSDT"], case.vouched)
        # As late as a heartbeat may be dated, so that it counts for as long as the test takes.
        late = Now() + HEARTBEAT_COUNTS_FOR - timedelta(seconds=0.5)
        Symbol.objects.filter(name="BTCUSDT").update(heard_at=late)


@given(data=st.data())
@settings(max_examples=150)
def test_complete_is_never_wrong_and_incomplete_has_a_gap(transactional_db, data) -> None:
    """Random tapes with random holes, against the ledger that only the test knows."""
    case = data.draw(cases())
    order = data.draw(st.permutations(case.stored))
    cut = data.draw(st.integers(0, len(order)))
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        put(tape, case, [batch for batch in (order[:cut], order[cut:]) if batch])
    for asked in data.draw(some_of(case.instants())):
        check_price(case, asked)
    for start in data.draw(some_of(case.minutes())):
        check_minute(case, start)
    check_latest(case)


def some_of(instants: set[datetime]) -> st.SearchStrategy[list[datetime]]:
    return st.lists(st.sampled_from(sorted(instants)), min_size=1, max_size=6, unique=True)


def check_price(case: Case, asked: datetime) -> None:
    answer, coverage = Price.objects.as_of("BTCUSDT", asked)
    truth = [tick for tick in case.ledger if made(tick) <= asked]
    if coverage.verdict is COMPLETE:
        assert (answer.first_trade, answer.price) == (truth[-1].first, Decimal(truth[-1].price))
    if answer:
        check_through(
            case, coverage, [after for _, after in case.holes() if after.first > answer.first_trade]
        )
    # The hole that counts begins after the answer; whether its trades came by then nobody knows.
    holes = [1 for before, after in case.holes() if made(before) <= asked < made(after)]
    assert (coverage.verdict is INCOMPLETE) == bool(holes)
    seen = case.stored[0], case.stored[-1]
    if made(seen[0]) <= asked < made(seen[1]) and not holes:
        assert coverage.verdict is COMPLETE
    if made(seen[0]) <= asked and case.vouched and asked < case.vouched and not holes:
        assert coverage.verdict is COMPLETE


def check_through(case: Case, coverage: Coverage, torn: list[AggTrade]) -> None:
    """The tape is whole up to the first hole after the answer, or to its end as far as anybody
    knows.
    """
    if torn:
        before = [made(before) for before, after in case.holes() if after == torn[0]]
        assert coverage.complete_through == before[0]
    else:
        ends = [made(case.stored[-1]), *filter(None, [case.vouched])]
        assert coverage.complete_through == max(ends)


def check_minute(case: Case, start: datetime) -> None:
    candle, coverage = Price.objects.minute("BTCUSDT", start)
    # What the exchange did after the newest tick and the heartbeat is not part of the question.
    so_far = [tick for tick in case.ledger if tick.first <= case.stored[-1].first]
    truth = minutes(so_far).get(("BTCUSDT", start))
    if coverage.verdict is COMPLETE:
        assert (candle and (candle.high, candle.low, candle.trades)) == (
            truth and (truth.high, truth.low, truth.trades)
        )
    ends = start + MINUTE
    holes = [1 for before, after in case.holes() if made(before) < ends and made(after) >= start]
    ended = max(made(case.stored[-1]), case.vouched or start) >= ends
    torn = [after for _, after in case.holes() if made(after) >= start]
    check_through(case, coverage, torn)
    assert (coverage.verdict is INCOMPLETE) == bool(holes)
    if not holes:
        proven = made(case.stored[0]) < start and ended
        assert coverage.verdict is (COMPLETE if proven else UNKNOWN)


def check_latest(case: Case) -> None:
    (answer, coverage), *others = Price.objects.latest()
    assert [price.symbol.name for price, _ in others] == ["ETHUSDT"]
    assert answer.first_trade == case.stored[-1].first
    assert coverage.verdict is (COMPLETE if case.vouched else UNKNOWN)


@given(ledger=ledgers(), data=st.data())
@settings(max_examples=60)
def test_a_gap_past_the_newest_tick_is_not_passed_over(transactional_db, ledger, data) -> None:
    """Somebody looked elsewhere, while a recorder goes on vouching: an answer that it could change
    is not complete.
    """
    cut = data.draw(st.integers(1, len(ledger)))
    stored, missing = ledger[:cut], ledger[cut:]
    case = Case(ledger, stored, vouched=made(ledger[-1]) + 10 * MINUTE)
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        put(tape, case, [stored])
        if missing:
            last = missing[-1]
            tape.note("BTCUSDT", [Hole(missing[0].first, last.last, made(stored[-1]), made(last))])
        for asked in data.draw(some_of(case.instants())):
            answer, coverage = Price.objects.as_of("BTCUSDT", asked)
            truth = [tick for tick in ledger if made(tick) <= asked]
            if coverage.verdict is COMPLETE:
                assert answer.first_trade == truth[-1].first
        for start in data.draw(some_of(case.minutes())):
            candle, coverage = Price.objects.minute("BTCUSDT", start)
            truth = minutes(ledger).get(("BTCUSDT", start))
            if coverage.verdict is COMPLETE:
                assert (candle and candle.trades) == (truth and truth.trades)
        (_, coverage), _ = Price.objects.latest()
        assert coverage.verdict is (INCOMPLETE if missing else COMPLETE)
        if missing:
            tape.fill("BTCUSDT", missing)
            (answer, coverage), _ = Price.objects.latest()
            assert (answer.first_trade, coverage.verdict) == (ledger[-1].first, COMPLETE)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def verdict_at(seconds: float) -> Verdict:
    return Price.objects.as_of("BTCUSDT", at(seconds))[1].verdict


def verdict_on_minute(seconds: float) -> Verdict:
    return Price.objects.minute("BTCUSDT", at(seconds))[1].verdict


class TestHoles:
    def test_of_one_instant_only_the_hole_after_the_answer_counts(self) -> None:
        with open_tape() as tape:
            # 1 and 2 are followed by trades of their own instant that are missing; 5 is not.
            tape.store([tick(1, 10), tick(2, 10), tick(5, 10), tick(6, 20)])
            assert Price.objects.as_of("BTCUSDT", at(15))[0].first_trade == 5
            assert verdict_at(15) is COMPLETE
            tape.store([tick(9, 30), tick(10, 40)])
            assert [verdict_at(seconds) for seconds in (15, 20, 29, 30)] == [
                COMPLETE,
                INCOMPLETE,
                INCOMPLETE,
                COMPLETE,
            ]

    def test_a_gap_up_to_a_minute_may_hide_its_first_trade(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, -90), tick(2, 10), tick(4, 60), tick(5, 120), tick(6, 180)])
        assert [verdict_on_minute(seconds) for seconds in (-60, 0, 60, 120)] == [
            COMPLETE,
            INCOMPLETE,
            INCOMPLETE,
            COMPLETE,
        ]
        assert Price.objects.minute("BTCUSDT", at(60))[1].complete_through == at(10)

    def test_a_hole_that_begins_as_the_minute_ends_is_not_of_it(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, -90), tick(2, 10), tick(3, 60), tick(5, 70), tick(6, 130)])
        assert [verdict_on_minute(seconds) for seconds in (0, 60)] == [COMPLETE, INCOMPLETE]

    def test_an_empty_minute_is_complete_unless_in_a_gap(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0), tick(2, 200), tick(9, 500)])
        assert [
            (Price.objects.minute("BTCUSDT", at(seconds))[0], verdict_on_minute(seconds))
            for seconds in (60, 300)
        ] == [
            (None, COMPLETE),
            (None, INCOMPLETE),
        ]

    def test_trades_that_never_existed_are_not_missing(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, -90), tick(5, 30), tick(6, 90)])
        assert (verdict_at(0), verdict_on_minute(0)) == (INCOMPLETE, INCOMPLETE)
        Gap.objects.update(status=Gap.Status.VOID)
        assert (verdict_at(0), verdict_on_minute(0)) == (COMPLETE, COMPLETE)

    def test_among_many_gaps_the_one_that_counts_is_seen(self) -> None:
        """Of one instant: more than an answer lists before the answer, and one after it."""
        many = [tick(first, 10) for first in range(1, 3 * GAPS_LISTED, 2)]
        with open_tape() as tape:
            tape.store([*many, tick(many[-1].last + 2, 70), tick(many[-1].last + 3, 80)])
        assert verdict_at(40) is INCOMPLETE

    def test_among_many_repaired_gaps_the_open_one_is_seen(self) -> None:
        """The open one is neither the first nor the last of them."""
        last = 4 * GAPS_LISTED + 1
        with open_tape() as tape:
            tape.store([tick(first, 10 + first / 100) for first in range(1, last + 1, 2)])
            tape.store(
                [tick(first, 10 + first / 100) for first in range(2, last, 2) if first != 200]
            )
            tape.store([tick(last + 1, 70), tick(last + 2, 80)])
        coverage = Price.objects.minute("BTCUSDT", at(0))[1]
        assert coverage.verdict is INCOMPLETE
        assert (coverage.gaps[0].status, len(coverage.gaps)) == ("open", GAPS_LISTED)

    def test_many_gaps_at_its_end_hide_none_within_a_minute(self) -> None:
        many = [tick(first, 60) for first in range(11, 11 + 3 * GAPS_LISTED, 2)]
        with open_tape() as tape:
            tape.store([tick(1, -10), tick(2, 10), tick(5, 20), tick(10, 60), *many])
        coverage = Price.objects.minute("BTCUSDT", at(0))[1]
        assert (coverage.verdict, len(coverage.gaps)) == (INCOMPLETE, 2)


class TestWhileRecording:
    """What is stored between the two queries of one question never puts a verdict on another
    answer.
    """

    @pytest.fixture(params=[1, 2])
    def meanwhile(self, request) -> Iterator[None]:
        """Two ticks, and after the first or the second query of a question there are two more."""
        queries = 0

        def execute(execute, *query):
            nonlocal queries
            found = execute(*query)
            queries += 1
            if queries == request.param:
                tape.store([tick(3, 30, "3"), tick(4, 90, "4")])
            return found

        with open_tape() as tape:
            tape.store([tick(1, -10, "1"), tick(2, 10, "2")])
            with connection.execute_wrapper(execute):
                yield

    def test_a_price_that_is_complete_is_the_right_one(self, meanwhile) -> None:
        answer, coverage = Price.objects.as_of("BTCUSDT", at(40))
        assert (answer.price, coverage.verdict) in [(2, UNKNOWN), (3, COMPLETE)]

    def test_a_minute_that_is_complete_is_whole(self, meanwhile) -> None:
        candle, coverage = Price.objects.minute("BTCUSDT", at(0))
        assert (candle.high, coverage.verdict) in [(2, UNKNOWN), (3, UNKNOWN), (3, COMPLETE)]


class TestRunningMinute:
    """The minute from 0 on, which is not over."""

    def judge(self, watermark: float | None, *, now: float = 40, **known: Any) -> Coverage:
        newest = at(known.pop("newest", 10))
        tape = KnownTape(newest, None if watermark is None else at(watermark), (), None)
        return replace(tape, **known).of_minute(at(0), began=at(-90), now=at(now))

    @pytest.mark.parametrize(
        ("watermark", "verdict"),
        [(None, UNKNOWN), (-1, UNKNOWN), (0, UNKNOWN), (0.001, COMPLETE), (38, COMPLETE)],
    )
    def test_is_complete_once_the_watermark_is_within(self, watermark, verdict) -> None:
        coverage = self.judge(watermark)
        assert coverage.verdict is verdict
        if verdict is COMPLETE:
            assert coverage.complete_through == at(watermark)

    @pytest.mark.parametrize(
        ("watermark", "now", "newest", "verdict"),
        [
            (59, 59.9, 10, COMPLETE),
            (59, 60, 10, UNKNOWN),
            (59.999, 62, 10, UNKNOWN),
            (60, 62, 10, COMPLETE),
            (None, 62, 60, COMPLETE),
        ],
    )
    def test_that_is_over_needs_proof_past_its_end(self, watermark, now, newest, verdict) -> None:
        assert self.judge(watermark, now=now, newest=newest).verdict is verdict

    def test_that_is_yet_to_come_is_unknown(self) -> None:
        assert self.judge(-10, now=-8, newest=-20).verdict is UNKNOWN

    def test_is_incomplete_with_an_open_gap_in_it(self) -> None:
        gap = TouchingGap(at(5), at(20), Gap.Status.OPEN)
        coverage = self.judge(30, gaps=(gap,), torn=at(5))
        assert (coverage.verdict, coverage.complete_through) == (INCOMPLETE, at(5))

    def test_is_asked_for_by_the_clock_of_the_database(self) -> None:
        """Unless the minute is over meanwhile, it is complete through the watermark."""
        while True:
            now = datetime.now(UTC)
            with open_tape() as tape:
                clear(tape)
                seconds = (now - START).total_seconds()
                tape.store([tick(1, seconds - 120), tick(2, seconds)])
                tape.heartbeat(["BTCUSDT"], now)
            coverage = Price.objects.minute("BTCUSDT", minute_start(now))[1]
            if minute_start(datetime.now(UTC)) == minute_start(now):
                assert (coverage.verdict, coverage.complete_through) == (COMPLETE, now)
                return


class TestEnds:
    def test_a_minute_in_which_recording_began_is_unknown(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0), tick(2, 70), tick(3, 130)])
        assert [verdict_on_minute(seconds) for seconds in (-60, 0, 60, 120)] == [
            UNKNOWN,
            UNKNOWN,
            COMPLETE,
            UNKNOWN,
        ]

    def test_the_newest_tick_may_not_be_the_last_of_its_instant(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0), tick(2, 10)])
            assert [verdict_at(seconds) for seconds in (9.999999, 10)] == [COMPLETE, UNKNOWN]
            tape.store([tick(3, 10)])
            assert verdict_at(10) is UNKNOWN
            tape.store([tick(4, 10.000001)])
            assert verdict_at(10) is COMPLETE

    def test_a_minute_ends_with_a_tick_of_the_next_one(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, -1), tick(2, 59.999999)])
            assert verdict_on_minute(0) is UNKNOWN
            tape.store([tick(3, 60)])
            assert verdict_on_minute(0) is COMPLETE

    def test_a_symbol_without_a_tick_is_unknown_even_to_a_live_feed(self) -> None:
        with open_tape() as tape:
            tape.heartbeat(["BTCUSDT"], at(100))
        assert (verdict_at(10), verdict_on_minute(0)) == (UNKNOWN, UNKNOWN)
        assert Price.objects.latest() == []

    def test_an_unknown_symbol_is_an_error_and_not_an_empty_tape(self) -> None:
        with pytest.raises(Symbol.DoesNotExist):
            Price.objects.as_of("XRPUSDT", at(0))
        with pytest.raises(Symbol.DoesNotExist):
            Price.objects.minute("XRPUSDT", at(0))
