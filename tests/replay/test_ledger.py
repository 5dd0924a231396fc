"""The ledger finds every tick by number, id and time, against a plain list; a loop has no seam."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.archive import read, shipped
from replay.ledger import MINUTE, Ledger, Market
from replay.recording import Recording

EPOCH = 1_723_161_255_342_000  # µs


@st.composite
def recordings(draw, symbol="BTCUSDT"):
    """A few ticks, some at one instant, with whole ids in a row as the exchange gives them."""
    rec = Recording(symbol)
    agg_id, trade_id = draw(st.integers(1, 10**10)), draw(st.integers(1, 10**10))
    time = EPOCH + draw(st.integers(0, 10**9))
    steps = st.tuples(st.sampled_from([0, 0, 1, 1000, 70_000_000]), st.integers(1, 5))
    for wait, trades in draw(st.lists(steps, min_size=1, max_size=12)):
        time += wait
        rec.append(agg_id, "1.00000000", "2.00000000", trade_id, trade_id + trades - 1, time, 3)
        agg_id, trade_id = agg_id + 1, trade_id + trades
    return rec


def cycle_of(rec: Recording) -> int:
    return (rec.times[-1] - rec.times[0]) // MINUTE * MINUTE + MINUTE


@given(rec=recordings(), before=st.booleans(), offset=st.integers(-10, 10**9))
def test_a_recording_that_is_played_once_is_a_plain_list(rec, before, offset):
    market = Market(rec)
    ticks = list(market.ticks(0, market.size))
    assert [tick.agg_id for tick in ticks] == list(rec.agg_ids)
    instant = rec.times[0] + offset
    assert market.count_until(instant) == sum(tick.time <= instant for tick in ticks)
    assert market.count_before(instant) == sum(tick.time < instant for tick in ticks)
    agg_id = rec.agg_ids[0] + offset
    assert market.count_below(agg_id) == sum(tick.agg_id < agg_id for tick in ticks)


@given(rec=recordings(), start=st.integers(0, 10**9))
def test_a_loop_has_no_seam(rec, start):
    market = Market(rec, cycle_of(rec))
    ticks = list(market.ticks(start, start + 3 * len(rec) + 1))
    for one, next_one in pairwise(ticks):
        assert next_one.agg_id == one.agg_id + 1
        assert next_one.first_id == one.last_id + 1
        assert next_one.time >= one.time


@given(rec=recordings(), number=st.integers(0, 10**9))
def test_a_tick_of_a_loop_is_found_by_its_id_and_its_time(rec, number):
    market = Market(rec, cycle_of(rec))
    (tick,) = market.ticks(number, number + 1)
    assert market.count_below(tick.agg_id) == number
    assert market.count_before(tick.time) <= number < market.count_until(tick.time)
    assert market.time_of(number) == tick.time


@given(rec=recordings(), offset=st.integers(-(10**10), 10**9))
def test_counts_of_a_loop_are_those_of_a_plain_list(rec, offset):
    market = Market(rec, cycle_of(rec))
    ticks = list(market.ticks(0, 6 * len(rec)))
    instant = min(rec.times[0] + offset, ticks[-1].time - 1)
    assert market.count_until(instant) == sum(tick.time <= instant for tick in ticks)
    assert market.count_before(instant) == sum(tick.time < instant for tick in ticks)


def test_nothing_happened_before_the_day_of_the_recording():
    (market, _) = Ledger(read(shipped()), loop=True).markets.values()
    assert market.count_until(market.time_of(0) - 1) == 0
    assert market.count_until(0) == 0
    assert market.count_below(0) == 0


def test_all_symbols_of_a_loop_start_anew_together():
    ledger = Ledger(read(shipped()), loop=True)
    cycle = 11 * MINUTE  # 10 minutes and 50 seconds, rounded up
    for market in ledger.markets.values():
        rows = len(market.recording)
        assert market.time_of(1000 * rows) == market.time_of(0) + 1000 * cycle


def test_a_loop_reaches_the_present_with_fresh_ids():
    (market, _) = Ledger(read(shipped()), loop=True).markets.values()
    two_years_on = market.time_of(0) + 2 * 365 * 24 * 60 * MINUTE
    number = market.count_until(two_years_on)
    (before, after) = market.ticks(number - 1, number + 1)
    assert before.time <= two_years_on < after.time
    assert before.agg_id == market.recording.agg_ids[0] + number - 1


@pytest.mark.parametrize("squeeze", [0.5, 3, 100])
def test_a_squeezed_loop_is_so_many_times_as_busy(squeeze):
    plain = Ledger(read(shipped()), loop=True).markets["BTCUSDT"]
    squeezed = Ledger(read(shipped()), loop=True, squeeze=squeeze).markets["BTCUSDT"]
    hour = squeezed.time_of(0) + 60 * MINUTE
    as_much = squeezed.time_of(0) + int(60 * MINUTE * squeeze)
    rows = len(plain.recording)
    assert squeezed.count_until(hour) == pytest.approx(plain.count_until(as_much), abs=rows / 100)
    ticks = list(squeezed.ticks(0, 2 * rows + 1))
    assert all(one.last_id + 1 == other.first_id for one, other in pairwise(ticks))
    assert all(one.time <= other.time for one, other in pairwise(ticks))
