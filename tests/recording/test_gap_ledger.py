"""The gap ledger: how gaps shrink, split and are closed, and how they are found when nothing
revealed them.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.coverage import Verdict
from prices.exchange.messages import AggTrade
from prices.models import Candle, Gap, Price
from prices.recording.tape import Hole
from tests.support.tapes import START, check, clear, holes, open_gaps, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

TEN = [tick(n, n, str(100 + n)) for n in range(1, 11)]


def after(seconds: float):
    return START + timedelta(seconds=seconds)


def rows(*statuses: str) -> list[tuple]:
    gaps = Gap.objects.order_by("first_trade")
    if statuses:
        gaps = gaps.filter(status__in=statuses)
    return list(gaps.values_list("first_trade", "last_trade", "status", "ticks", "source"))


class TestFilling:
    def test_a_gap_filled_in_pieces_is_again_what_was_found(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            for filled in (TEN[1:4], TEN[4:7], TEN[7:9]):
                tape.fill("BTCUSDT", filled)
            check(tape, TEN)
        assert rows() == [(2, 9, "repaired", 8, "rest")]
        gap = Gap.objects.get()
        assert (gap.starts, gap.ends) == (after(1), after(10))
        assert (gap.found_first, gap.found_ends) == (None, None)
        assert gap.closed_at is not None

    def test_pieces_of_a_split_gap_share_what_was_found(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            tape.fill("BTCUSDT", [TEN[4]])
            assert rows() == [(2, 4, "open", 1, "rest"), (6, 9, "open", 0, None)]
            tape.fill("BTCUSDT", TEN[5:9])
            tape.store(TEN[1:4])
        assert rows() == [(2, 5, "repaired", 4, "stream"), (6, 9, "repaired", 4, "rest")]
        assert list(Gap.objects.order_by("first_trade").values_list("starts", "ends")) == [
            (after(1), after(5)),
            (after(5), after(10)),
        ]

    def test_what_lies_in_no_gap_stays_out(self) -> None:
        """REST may have cut the trades into other ticks than the stream did."""
        with open_tape() as tape:
            tape.store([tick(1, 1, trades=3), tick(8, 8)])
            other = [tick(3, 3, trades=2), tick(5, 5), tick(6, 6, trades=3), tick(9, 9)]
            assert tape.fill("BTCUSDT", other).ticks == 1
            check(tape, [tick(1, 1, trades=3), tick(5, 5), tick(8, 8)])

    def test_nothing_to_fill_changes_nothing(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            assert tape.fill("BTCUSDT", TEN).ticks == 0
            check(tape, TEN)

    def test_a_candle_without_ticks_counts_none_twice(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            Price.objects.filter(first_trade=5).delete()
            tape.note("BTCUSDT", [Hole(5, 5, after(4), after(6))])
            tape.fill("BTCUSDT", TEN)
            check(tape, TEN)

    def test_attempts_and_the_last_error_are_written_down(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            gap = Gap.objects.get()
            tape.tried(gap.pk)
            tape.failed(gap.pk, "The exchange did not answer in time.")
            tape.tried(gap.pk)
            tape.fill("BTCUSDT", [TEN[4]])
        assert (
            list(Gap.objects.values_list("attempts", "last_error", "opened_at"))
            == [(2, "The exchange did not answer in time.", gap.opened_at)] * 2
        )


class TestVoid:
    def test_ids_that_no_trade_bears_are_no_hole(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            assert tape.void("BTCUSDT", 2, 9) == 1
        assert rows() == [(2, 9, "void", 0, "rest")]
        _, coverage = Price.objects.as_of("BTCUSDT", after(5))
        assert coverage.verdict == Verdict.COMPLETE

    def test_what_was_filled_before_keeps_a_row(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            tape.fill("BTCUSDT", TEN[1:4])
            assert tape.void("BTCUSDT", 5, 9) == 1
        assert rows() == [(2, 4, "repaired", 3, "rest"), (5, 9, "void", 0, "rest")]

    def test_a_gap_that_is_larger_than_what_was_proven_stays_open(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            assert tape.void("BTCUSDT", 3, 9) == 0
        assert open_gaps() == [(2, 9)]


class TestNoting:
    def test_what_is_stored_or_known_already_is_not_noted(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], *TEN[3:6], TEN[9]])
            assert tape.note("BTCUSDT", [Hole(1, 10, after(1), after(10))]) == 0
            Gap.objects.filter(first_trade=2).delete()
            assert tape.note("BTCUSDT", [Hole(1, 10, after(1), after(10))]) == 1
        assert open_gaps() == [(2, 3), (7, 9)]

    def test_a_tick_that_reaches_into_a_hole_is_no_hole(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, 1, trades=5), tick(6, 6)])
            assert tape.note("BTCUSDT", [Hole(3, 4, after(1), after(6))]) == 0

    def test_nothing_is_nothing(self) -> None:
        with open_tape() as tape:
            assert tape.note("BTCUSDT", []) == 0

    @pytest.mark.parametrize("found", [1, 5, 9])
    def test_a_gap_at_an_end_is_known_until_it_is_filled(self, found: int) -> None:
        """Past the newest tick, or before the first: somebody has looked elsewhere."""
        with open_tape() as tape:
            tape.store(TEN[3:6])
            holes = [Hole(1, 3, after(0), after(4)), Hole(7, 10, after(6), after(10))]
            assert tape.note("BTCUSDT", holes) == 2
            ((_, coverage),) = Price.objects.latest(symbols=["BTCUSDT"])
            assert coverage.verdict == Verdict.INCOMPLETE
            # What comes next opens no second gap over the first.
            tape.store([tick(13, 13)])
            assert open_gaps() == [(1, 3), (7, 10), (11, 12)]
            tape.store([TEN[found - 1]])
            everything = {n for first, last in open_gaps() for n in range(first, last + 1)}
            held = {4, 5, 6, 13, found}
            assert everything == set(range(1, 13)) - held
            assert len(everything) == sum(last - first + 1 for first, last in open_gaps())


class TestRefolding:
    def test_a_candle_is_made_from_its_ticks_alone(self) -> None:
        with open_tape() as tape:
            tape.store([*TEN, tick(11, 60, "7")])
            Candle.objects.filter(minute=START).update(high=Decimal(9999), trades=3)
            Candle.objects.filter(minute=after(60)).delete()
            assert tape.refold("BTCUSDT", [START, after(60), after(120)]) == 2
            check(tape, [*TEN, tick(11, 60, "7")])
            assert tape.refold("BTCUSDT", [START, after(60)]) == 0

    def test_a_minute_without_ticks_loses_its_candle(self) -> None:
        with open_tape() as tape:
            tape.store([*TEN, tick(11, 60, "7")])
            Price.objects.filter(price=7).delete()
            assert tape.refold("BTCUSDT", [after(60)]) == 1
            check(tape, TEN)


class TestContradiction:
    @pytest.mark.parametrize(
        "other",
        [tick(2, 2, "9"), tick(2, 2.5, "102"), tick(2, 2, "102", trades=2)],
        ids=["price", "time", "trades"],
    )
    @pytest.mark.parametrize("apart", [True, False], ids=["stored before", "in the same batch"])
    def test_another_trade_under_a_known_id_fills_nothing(self, other, apart) -> None:
        """The tape holds 1 and 2; the other tick may claim trade 3, which nobody has."""
        with open_tape() as tape:
            known = [tick(1, 1, "101"), tick(2, 2, "102")]
            if apart:
                tape.store([*known, tick(5, 5, "105")])
                stored = tape.store([other])
            else:
                stored = tape.store([*known, other, tick(5, 5, "105")])
            assert stored.contradiction == f"BTCUSDT 2 at {other.price}"
            check(tape, [*known, tick(5, 5, "105")])
            assert open_gaps() == [(3, 4)]


@given(
    lengths=st.lists(st.integers(1, 3), min_size=3, max_size=12),
    batches=st.lists(
        st.tuples(
            st.sampled_from(["stream", "REST", "void"]), st.lists(st.integers(0, 11), min_size=1)
        ),
        max_size=8,
    ),
)
@settings(max_examples=100)
def test_each_trade_that_was_ever_missed_is_in_one_row(transactional_db, lengths, batches) -> None:
    """However a gap is filled: its rows never overlap, nothing in them is lost, and what is open is
    what is missing.
    """
    ledger: list[AggTrade] = []
    for trades in lengths:
        first = ledger[-1].last + 1 if ledger else 1
        ledger.append(tick(first, first, trades=trades))
    with open_tape() as tape:
        clear(tape)
        tape.store([ledger[0], ledger[-1]])
        missed = set(range(ledger[0].last + 1, ledger[-1].first))
        kept = [ledger[0], ledger[-1]]
        ruled_out: set[int] = set()
        for source, numbers in batches:
            batch = [ledger[n] for n in sorted(set(numbers)) if n < len(ledger)]
            batch = [t for t in batch if t.first not in ruled_out]
            if source == "void":
                for first, last in open_gaps()[:1]:
                    tape.void("BTCUSDT", first, last)
                    ruled_out |= set(range(first, last + 1))
            elif batch:
                tape.fill("BTCUSDT", batch) if source == "REST" else tape.store(batch)
                kept += batch
            missing = [(first, last) for first, last in holes(kept) if first not in ruled_out]
            assert open_gaps() == missing
        extents = [
            range(gap.found_first or gap.first_trade, (gap.found_last or gap.last_trade) + 1)
            for gap in Gap.objects.all()
        ]
        ids = [n for extent in extents for n in extent]
        assert len(ids) == len(set(ids))
        assert set(ids) == missed
        filled = sum(Gap.objects.values_list("ticks", flat=True))
        assert filled == len({tick.first for tick in kept}) - 2
