"""Pruning: what is old goes, and no answer changes that the ticks that are left can still give."""

import io
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.audit.candle_audit import CandleAudit
from prices.audit.findings import Findings
from prices.audit.pruned_candles import PrunedCandleAudit
from prices.audit.scan import Scan
from prices.audit.tick_audit import TickAudit
from prices.coverage import Verdict
from prices.exchange.messages import MAX_TRADE_ID, AggTrade, micros
from prices.minutes import MINUTE, minute_start
from prices.models import Candle, Gap, Price, Symbol
from prices.recording.tape import Pruned, Tape
from prices.repair.open_gaps import missing, next_gap
from prices.retention.pruner import prune, survey
from pricetracker.process.progress import Progress
from tests.audit.test_verify_model import tapes
from tests.repair.test_repair_gaps import repair
from tests.support.audits import SYMBOL, audit, told, verify
from tests.support.local_exchange import BTC, local_exchange
from tests.support.tapes import (
    at,
    clear,
    holes,
    instant,
    minutes,
    open_gaps,
    open_tape,
    recorded,
    stored_candles,
    tick,
)

pytestmark = pytest.mark.django_db(transaction=True)


def moment(seconds: float) -> datetime:
    return instant(at(seconds))


def pruned(tape: Tape, seconds: float, at_once: int = 5000) -> list[Pruned]:
    return list(prune(tape, SYMBOL, moment(seconds), at_once=at_once, rest=lambda seconds: None))


def kept_from() -> int | None:
    return Symbol.objects.get(name=SYMBOL).kept_from


def firsts() -> list[int]:
    return list(Price.objects.order_by("pk").values_list("first_trade", flat=True))


def rows(model: type) -> list[tuple]:
    return list(model.objects.order_by("pk").values_list())


def answers(ticks: list[AggTrade], since: datetime) -> list[tuple]:
    """All that may be asked: every instant from one on at which something changes, and every
    minute.
    """
    traded = [instant(tick.traded) for tick in ticks]
    instants = {since, *(t + timedelta(microseconds=n) for t in traded for n in (-1, 0, 1))}
    starts = {minute_start(t) + n * MINUTE for t in traded for n in (-1, 0, 1)}
    found = []
    for asked in sorted(t for t in instants if t >= since):
        answer, coverage = Price.objects.as_of(SYMBOL, asked)
        found.append((asked, answer and (answer.pk, answer.price), coverage))
    for start in sorted(starts):
        candle, coverage = Price.objects.minute(SYMBOL, start)
        found.append((start, candle and (candle.high, candle.low, candle.trades), coverage))
    found += [(answer.pk, answer.price, coverage) for answer, coverage in Price.objects.latest()]
    return found


def prices(ticks: list[AggTrade]) -> dict[datetime, int | None]:
    """By instant, the key of the tick that is the price then: at each tick, right before and right
    after it.
    """
    traded = [instant(tick.traded) for tick in ticks]
    asked = {t + timedelta(microseconds=n) for t in traded for n in (-1, 0, 1)}
    answers = {t: Price.objects.as_of(SYMBOL, t)[0] for t in asked}
    return {t: answer and answer.pk for t, answer in answers.items()}


def needed(ticks: list[AggTrade], cutoff: datetime) -> list[int]:
    """By the book: the price at the cutoff, all that is later, and every tick of a higher
    trade id.
    """
    before = [tick for tick in ticks if instant(tick.traded) <= cutoff]
    if not before:
        return [tick.first for tick in ticks]
    answer = max(before, key=lambda tick: (tick.traded, tick.first))
    later = [tick.first for tick in ticks if instant(tick.traded) > cutoff]
    lowest = min([answer.first, *later])
    return [tick.first for tick in ticks if tick.first >= lowest]


class TestAnswers:
    @given(ticks=tapes(), seconds=st.integers(-1, 1200), at_once=st.sampled_from([1, 2, 5000]))
    @settings(max_examples=60)
    def test_stay_what_they_were_from_the_cutoff_on(
        self, transactional_db, ticks, seconds, at_once
    ) -> None:
        cutoff = moment(seconds)
        with open_tape() as tape:
            clear(tape)
            Symbol.objects.update(kept_from=None, pruned_through=None)
            tape.store(ticks)
            before, candles, gaps = answers(ticks, cutoff), rows(Candle), rows(Gap)
            ever = prices(ticks)
            would = sum(step.ticks for step in survey(tape, SYMBOL, cutoff, at_once=at_once))
            assert firsts() == [tick.first for tick in ticks]
            steps = []
            for step in prune(tape, SYMBOL, cutoff, at_once=at_once, rest=lambda seconds: None):
                steps.append(step)
                # Of what was pruned there is no price, and never another one.
                assert all(now in (None, ever[asked]) for asked, now in prices(ticks).items())
            kept = needed(ticks, cutoff)
            assert firsts() == kept
            assert all(step.ticks <= at_once for step in steps)
            assert sum(step.ticks for step in steps) == would == len(ticks) - len(kept)
            assert kept_from() == (kept[0] if would else None)
            assert answers(ticks, cutoff) == before
            assert (rows(Candle), rows(Gap)) == (candles, gaps)
            self.check_audit(tape, ticks, kept[0])

    def check_audit(self, tape: Tape, ticks: list[AggTrade], kept: int) -> None:
        """Nothing is wrong, and missing is only what was: where ticks are kept."""
        found = audit(tape, ids=7, minutes=2)
        absent = [(first, last) for first, last in holes(ticks) if first > kept]
        assert found.known.trades == sum(last - first + 1 for first, last in absent)
        assert found.given_up == len(holes(ticks)) - len(absent)
        assert found.is_complete == (not absent)

    def test_before_what_is_kept_there_is_no_price(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0), tick(2, 10), tick(3, 20)])
            pruned(tape, 15)
            assert firsts() == [2, 3]
            answer, coverage = Price.objects.as_of(SYMBOL, moment(9))
            assert (answer, coverage.verdict) == (None, Verdict.UNKNOWN)
            assert Price.objects.as_of(SYMBOL, moment(10))[0].first_trade == 2

    def test_nothing_later_than_the_cutoff_is_pruned(self) -> None:
        ticks = [tick(1, 0), tick(2, 12), tick(3, 9), tick(4, 20)]
        with open_tape() as tape:
            tape.store(ticks)
            before = answers(ticks, moment(10))
            pruned(tape, 10)
            # Of 10 s the answer is tick 3; tick 2 is of 12 s.
            assert (firsts(), kept_from()) == ([2, 3, 4], 2)
            assert answers(ticks, moment(10)) == before

    def test_no_tick_stands_in_for_a_later_one_that_was_pruned(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 10), tick(2, 11.2), tick(3, 12), tick(4, 11), tick(5, 13)])
            pruned(tape, 12.5)
            assert firsts() == [3, 4, 5]
            # Of 11.5 s the answer was tick 2; tick 4 is of 11 s.
            answer, coverage = Price.objects.as_of(SYMBOL, moment(11.5))
            assert (answer, coverage.verdict) == (None, Verdict.UNKNOWN)

    def test_the_only_tick_of_a_quiet_symbol_stays(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 0)])
            assert pruned(tape, 10_000_000) == []
            assert (firsts(), kept_from()) == ([1], None)


class TestSteps:
    def test_once_more_changes_nothing(self) -> None:
        with open_tape() as tape:
            tape.store([tick(n, n) for n in range(100)])
            assert [step.ticks for step in pruned(tape, 50, at_once=20)] == [20, 20, 10]
            assert (pruned(tape, 50), firsts()[0], kept_from()) == ([], 50, 50)
            assert pruned(tape, 40) == []

    def test_after_each_the_tape_is_consistent(self) -> None:
        ticks = [tick(n, 10 * n) for n in range(60)]
        with open_tape() as tape:
            tape.store(ticks)
            for n in range(1, 6):
                # As if it was killed after one step.
                next(prune(tape, SYMBOL, moment(500), at_once=10))
                assert (firsts()[0], kept_from()) == (10 * n, 10 * n)
                assert audit(tape).is_complete
            assert pruned(tape, 500) == []

    def test_between_two_it_rests_for_as_long_as_one_took(self) -> None:
        now, rests = [0.0], []

        def clock() -> float:
            now[0] += 0.25
            return now[0]

        with open_tape() as tape:
            tape.store([tick(n, n) for n in range(30)])
            list(prune(tape, SYMBOL, moment(29), at_once=10, rest=rests.append, clock=clock))
        assert rests == [0.25] * 3

    def test_other_symbols_keep_theirs(self) -> None:
        with open_tape(SYMBOL, "ETHUSDT") as tape:
            tape.store([tick(n, n, symbol=name) for n in range(9) for name in (SYMBOL, "ETHUSDT")])
            pruned(tape, 8)
            assert Price.objects.filter(symbol__name="ETHUSDT").count() == 9

    def test_a_recorder_goes_on_meanwhile(self) -> None:
        ticks = recorded(BTC)
        half = len(ticks) // 2
        cutoff = instant(micros(ticks[half].traded))
        with open_tape() as tape, open_tape() as recorder:
            for n in range(0, half, 5000):
                tape.store(ticks[n : min(n + 5000, half)])

            def record() -> None:
                for n in range(half, len(ticks), 100):
                    recorder.store(ticks[n : n + 100])

            thread = threading.Thread(target=record)
            thread.start()
            while thread.is_alive():
                list(prune(tape, SYMBOL, cutoff, at_once=500))
            thread.join()
            list(prune(tape, SYMBOL, cutoff, at_once=500))
            last = max(tick.first for tick in ticks if instant(micros(tick.traded)) <= cutoff)
            assert firsts() == [tick.first for tick in ticks if tick.first >= last]
            candles = {place: candle.trades for place, candle in minutes(ticks).items()}
            assert {k: v["trades"] for k, v in stored_candles().items()} == candles
            assert audit(tape).is_complete


class TestGaps:
    """Ticks 0 to 9 and 20 to 29, one each six seconds: what is between was never received."""

    @pytest.fixture
    def tape(self) -> Iterator[Tape]:
        with open_tape() as tape:
            tape.store([tick(n, 6 * n) for n in range(30) if not 10 <= n < 20])
            yield tape

    def test_those_below_stay_open_and_are_not_fetched_any_more(self, tape) -> None:
        pruned(tape, 6 * 25)
        assert (open_gaps(), kept_from()) == ([(10, 19)], 25)
        assert missing(tape.database, [SYMBOL]).gaps == set()
        assert next_gap(tape.database, [SYMBOL], [], 1000, MAX_TRADE_ID) is None
        assert tape.fill(SYMBOL, [tick(n, 6 * n) for n in range(10, 20)]).ticks == 0
        assert firsts() == list(range(25, 30))
        assert Price.objects.minute(SYMBOL, moment(60))[1].verdict == Verdict.INCOMPLETE

    def test_those_above_are_filled_and_pruned_candles_stay(self, tape) -> None:
        pruned(tape, 6 * 5)
        assert len(missing(tape.database, [SYMBOL]).gaps) == 1
        ticks = [tick(n, 6 * n) for n in range(30)]
        assert tape.fill(SYMBOL, ticks[10:20]).ticks == 10
        assert (firsts(), open_gaps()) == (list(range(5, 30)), [])
        candles = {place: candle.trades for place, candle in minutes(ticks).items()}
        assert {k: v["trades"] for k, v in stored_candles().items()} == candles
        assert audit(tape).is_complete

    def test_in_the_minute_that_lost_ticks_what_is_filled_is_added(self) -> None:
        ticks = [tick(n, 6 * n, price=str(100 + n)) for n in range(20)]
        with open_tape() as tape:
            tape.store([tick for tick in ticks if tick.first != 8])
            pruned(tape, 6 * 4)
            assert tape.fill(SYMBOL, [ticks[8]]).ticks == 1
            assert stored_candles().keys() == minutes(ticks).keys()
            assert Candle.objects.order_by("pk")[0].trades == 10
            assert audit(tape).is_complete

    def test_repair_gaps_has_nothing_to_do_when_all_are_below(self) -> None:
        ticks = recorded(BTC)[:2000]
        with open_tape() as tape:
            tape.store(ticks[:500] + ticks[600:])
            list(prune(tape, SYMBOL, instant(micros(ticks[1500].traded))))
        with local_exchange(BTC) as exchange:
            code, output = repair(exchange)
        assert code == 0
        assert "in pruned ranges" in output
        assert len(open_gaps()) == 1

    def test_what_comes_from_before_opens_none_and_counts_nowhere(self, tape) -> None:
        pruned(tape, 6 * 5)
        before = [rows(model) for model in (Price, Candle, Gap)]
        tape.store([tick(3, 18), tick(4, 24)])
        assert [rows(model) for model in (Price, Candle, Gap)] == before


class TestAudit:
    """Three minutes of ticks, one a second; what is older than a minute and a half is pruned."""

    @pytest.fixture
    def tape(self) -> Iterator[Tape]:
        with open_tape() as tape:
            tape.store([tick(n, n) for n in range(180)])
            pruned(tape, 90)
            yield tape

    def test_says_since_when_ticks_are_kept(self, tape) -> None:
        (line,) = told(audit(tape))
        assert line == (
            "BTCUSDT: complete, 90 ticks, 90 trades, 2 minutes"
            ", ticks kept since 2025-07-03T08:31:30Z, 2 candles of pruned ticks"
        )
        assert verify()[0] == 0

    def test_finds_the_first_tick_that_was_kept_missing(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_price WHERE first_trade & 255 BETWEEN 90 AND 99")
        found = audit(tape)
        assert (found.unknown.trades, open_gaps()) == (10, [(90, 99)])
        assert audit(tape).known.trades == 10

    def test_finds_a_hole_that_opens_later(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_price WHERE first_trade & 255 = 100")
        found = audit(tape)
        assert (found.unknown.trades, open_gaps()) == (1, [(100, 100)])
        # The candle counted it, and was right.
        assert (found.past_wrong.count, audit(tape).past_wrong.count) == (0, 0)

    def test_finds_the_candle_missing_that_leads_on_to_the_ticks(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_candle WHERE first_trade = 60")
        assert audit(tape).unknown.trades == 30
        assert open_gaps() == [(60, 89)]

    def test_candles_of_pruned_ticks_alone_prove_no_gap(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_price")
        assert audit(tape).unknown.trades == 60
        assert open_gaps() == [(120, 179)]

    def test_minutes_may_share_trade_ids_where_time_stepped_back(self) -> None:
        with open_tape() as tape:
            seconds = [50, 59, 61, 59.5, 62, 119, 121, 118, 130, 200]
            tape.store([tick(n, second) for n, second in enumerate(seconds)])
            pruned(tape, 199)
            found = audit(tape)
        assert (found.past, found.is_complete) == (3, True)

    def test_finds_a_candle_of_pruned_ticks_that_counts_wrong(self, tape) -> None:
        tape.database.execute("UPDATE prices_candle SET trades = trades - 1 WHERE first_trade = 0")
        found = audit(tape)
        assert not found.is_complete
        assert told(found)[1:] == [
            "    minute 2025-07-03T08:30:00Z: 59 trades of pruned ticks in 60 trade ids",
            "    They cannot be rebuilt: their ticks were pruned.",
        ]

    def test_finds_a_candle_that_makes_no_sense(self, tape) -> None:
        tape.database.execute("UPDATE prices_candle SET high = 1 WHERE first_trade = 60")
        assert audit(tape).past_wrong.count == 1

    def test_notes_a_missing_candle_of_pruned_ticks_once(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_candle WHERE first_trade = 0")
        tape.store([tick(n, n) for n in range(180, 240)])
        # Of the first candle nothing else knows.
        assert audit(tape).is_complete
        pruned(tape, 200)
        tape.database.execute("DELETE FROM prices_candle WHERE first_trade = 120")
        found = audit(tape)
        assert (found.unknown.trades, open_gaps()) == (60, [(120, 179)])
        assert Price.objects.minute(SYMBOL, moment(120))[1].verdict == Verdict.INCOMPLETE
        again = audit(tape)
        assert (again.unknown.count, again.given_up, again.is_complete) == (0, 1, True)

    @pytest.mark.parametrize("candles", [1, 2, 1000])
    def test_looks_at_the_past_in_parts_of_any_size(self, tape, candles) -> None:
        pruned(tape, 170)
        scan, findings = Scan(tape, SYMBOL), Findings(SYMBOL)
        PrunedCandleAudit(tape, scan, findings, Progress(io.StringIO(), "ticks read")).run(
            candles=candles
        )
        assert (findings.past, findings.is_complete) == (3, True)

    def test_refolds_no_minute_that_lost_ticks(self, tape) -> None:
        before = rows(Candle)
        assert tape.refold(SYMBOL, [moment(0), moment(60), moment(120)]) == 0
        tape.database.execute("UPDATE prices_candle SET close = close + 1")
        assert tape.refold(SYMBOL, [moment(0), moment(60), moment(120)]) == 1
        assert rows(Candle)[2:] == before[2:]

    def test_makes_no_candle_from_a_part_of_its_ticks(self, tape) -> None:
        tape.database.execute("DELETE FROM prices_candle WHERE first_trade = 60")
        assert tape.refold(SYMBOL, [moment(60)]) == 0

    def test_compares_no_minute_that_lost_ticks_with_the_exchange(self, tape) -> None:
        scan = Scan(tape, SYMBOL)
        assert scan.whole_minutes() == (moment(120), moment(120))
        assert scan.torn([moment(60), moment(120)]) == {moment(60)}

    def test_goes_on_while_ticks_are_pruned(self, tape) -> None:
        """Between two looks."""
        looks = iter([100, 150, 170])

        class Moving(Progress):
            def tell(self, doing: str, more: int, part: float | None = None) -> None:
                if seconds := next(looks, None):
                    pruned(tape, seconds)

        scan, findings = Scan(tape, SYMBOL, ids=5), Findings(SYMBOL)
        progress = Moving(io.StringIO(), "ticks read")
        TickAudit(tape, scan, findings, progress).run()
        CandleAudit(tape, scan, findings, progress).run(refold=False)
        assert findings.is_complete
        assert open_gaps() == []
