"""The coarse candles equal a plain fold of the ticks, whatever is done to the tape, and in whatever
order.
"""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.exchange.messages import AggTrade
from prices.models import CoarseCandle, Price, Symbol
from prices.recording.strays import remove
from prices.recording.tape import Tape
from tests.support.audits import SYMBOL, audit
from tests.support.local_exchange import BTC
from tests.support.tapes import (
    START,
    clear,
    closed_candles,
    instant,
    minutes,
    open_tape,
    recorded,
    stored_candles,
    stored_coarse_candles,
    tick,
)

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = 3_600, 86_400


class Crash(Exception):
    """Ends a transaction as the loss of its connection does."""


@st.composite
def histories(draw: st.DrawFn) -> list[AggTrade]:
    """Ticks of one symbol whose ids join, over minutes, hours or days; times step back at times."""
    ticks, first, seconds = [], draw(st.integers(1, 1000)), draw(st.integers(0, DAY))
    for _ in range(draw(st.integers(1, 16))):
        trades = draw(st.integers(1, 3))
        seconds += draw(st.sampled_from([0, 1, 40, 400, 900, HOUR, 5 * HOUR, DAY, -1]))
        price = draw(st.sampled_from(["99.5", "100", "100.00000001", "101"]))
        side = draw(st.sampled_from([True, False, True, False, None]))
        ticks.append(tick(first, max(0, seconds), price, trades=trades, side=side))
        first += trades
    return ticks


def same(ticks: list[AggTrade]) -> None:
    assert stored_coarse_candles() == closed_candles(ticks)


@given(data=st.data(), history=histories())
@settings(max_examples=40)
def test_they_equal_a_plain_fold_of_the_ticks(
    transactional_db: None, data: st.DataObject, history: list[AggTrade]
) -> None:
    with open_tape() as tape:
        clear(tape)
        Symbol.objects.update(kept_from=None, pruned_through=None)
        held: dict[int, AggTrade] = {}
        for act in data.draw(st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=6)):
            chosen = data.draw(st.lists(st.sampled_from(history), min_size=1, max_size=8))
            ACTS[act](tape, held, chosen)
            same(list(held.values()))
        tape.store(history)
        same(history)
        end = instant(history[-1].traded)
        while tape.prune(SYMBOL, end, limit=2).ticks:
            same(history)
        # Nothing of what was pruned is stored again, or folded of what is left.
        tape.store(history)
        tape.refold(SYMBOL, [minute for _, minute in minutes(history)])
        same(history)
        assert stored_candles().keys() == minutes(history).keys()
        assert audit(tape).coarse.count == 0


def store(tape: Tape, held: dict[int, AggTrade], chosen: list[AggTrade]) -> None:
    tape.store(chosen)
    held |= {tick.first: tick for tick in chosen}


def repair(tape: Tape, held: dict[int, AggTrade], chosen: list[AggTrade]) -> None:
    tape.fill(SYMBOL, sorted({tick.first: tick for tick in chosen}.values(), key=lambda t: t.first))
    stored = set(Price.objects.values_list("first_trade", flat=True))
    held |= {tick.first: tick for tick in chosen if tick.first in stored}


def crash(tape: Tape, held: dict[int, AggTrade], chosen: list[AggTrade]) -> None:
    with suppress(Crash), tape.database.transaction():
        tape.store(chosen)
        raise Crash


def refold(tape: Tape, held: dict[int, AggTrade], chosen: list[AggTrade]) -> None:
    tape.refold(SYMBOL, [minute for _, minute in minutes(chosen)])


def remove_ends(tape: Tape, held: dict[int, AggTrade], chosen: list[AggTrade]) -> None:
    for end in (min, max):
        if held:
            tick = held.pop(end(held))
            remove(tape, SYMBOL, [tick])


ACTS = {
    "store": store,
    "repair": repair,
    "crash": crash,
    "refold": refold,
    "remove the ends": remove_ends,
}


def test_a_late_tick_corrects_closed_intervals_only() -> None:
    with open_tape() as tape:
        tape.store([tick(1, 0, "5"), tick(3, 5 * HOUR)])
        before = stored_coarse_candles()
        tape.store([tick(2, 10, "7")])
    assert {key[1] for key in before} == {15, 60, 240}
    assert {candle.close for candle in CoarseCandle.objects.all()} == {7}
    assert not any(key[2] >= START + timedelta(hours=3, minutes=30) for key in before)


def test_the_running_interval_has_no_row() -> None:
    with open_tape() as tape:
        tape.store([tick(1, 0), tick(2, 899)])
        assert stored_coarse_candles() == {}
        tape.store([tick(3, 900)])
    assert [row.minutes for row in CoarseCandle.objects.all()] == [15]


def test_an_interval_is_reopened_when_the_newest_tick_goes() -> None:
    with open_tape() as tape:
        ticks = [tick(1, 0), tick(2, 899), tick(3, 900)]
        tape.store(ticks)
        remove(tape, SYMBOL, [ticks[-1]])
        assert stored_coarse_candles() == {}
        tape.store([tick(3, 899.5), tick(4, 1000)])
    (row,) = CoarseCandle.objects.all()
    assert row.trades == 3


def test_recorded_ticks_over_midnight_close_every_width() -> None:
    ticks = recorded(BTC)
    with open_tape() as tape:
        for n in range(0, len(ticks), 500):
            tape.store(ticks[n : n + 500])
    same(ticks)
    assert {row.minutes for row in CoarseCandle.objects.all()} == {15, 60, 240, 1440}


@pytest.mark.parametrize(
    "hand",
    [
        "UPDATE prices_coarsecandle SET volume = 0",
        "DELETE FROM prices_coarsecandle WHERE minutes = 60",
        "UPDATE prices_coarsecandle SET minute = minute + interval '30 days'",
        "UPDATE prices_coarsecandle SET quote_volume = NULL",
    ],
)
def test_the_audit_finds_and_rebuilds_what_is_wrong(hand: str) -> None:
    ticks = [tick(n, n * 1_000) for n in range(1, 100)]
    with open_tape() as tape:
        tape.store(ticks)
        rows = CoarseCandle.objects.count()
        touched = tape.database.execute(hand).rowcount
        found = audit(tape)
        assert 0 < touched <= found.coarse.count <= 2 * rows
        assert not found.is_complete
        rebuilt = audit(tape, refold=True)
        assert (rebuilt.coarse.count, rebuilt.rebuilt > 0) == (0, True)
        assert audit(tape).is_complete
    same(ticks)


def test_other_symbols_are_left_alone() -> None:
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        mine = [tick(1, 0), tick(2, DAY)]
        others = [tick(1, 10, "3", symbol="ETHUSDT"), tick(5, 2 * DAY, "4", symbol="ETHUSDT")]
        tape.store(mine + others)
        tape.store([tick(2, DAY - 10, "2", symbol="ETHUSDT")])
    same([*mine, *others, tick(2, DAY - 10, "2", symbol="ETHUSDT")])
