"""Storing: every tick once, its share in the candle once, and every hole known in the commit that
reveals it.
"""

import threading
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.exchange.messages import AggTrade, micros
from prices.models import Gap, Price, Symbol
from prices.recording.store import lock
from prices.recording.tape import Hole, Stored
from tests.support.local_exchange import BTC, ETH, TRX
from tests.support.recorders import eventually
from tests.support.tapes import (
    START,
    at,
    check,
    clear,
    expected_ticks,
    instant,
    minutes,
    open_gaps,
    open_tape,
    recorded,
    stored_candles,
    stored_ticks,
    tick,
)

# Bytes of a page of PostgreSQL's.
PAGE = 8192

pytestmark = pytest.mark.django_db(transaction=True)


@st.composite
def tapes(draw: st.DrawFn) -> list[AggTrade]:
    """Some ticks of one symbol whose ids join, in order of time, several of them often at one
    instant.
    """
    ticks, first, seconds = [], draw(st.integers(0, 1000)), 0
    for _ in range(draw(st.integers(1, 25))):
        trades = draw(st.integers(1, 3))
        seconds += draw(st.sampled_from([0, 0, 1, 20, 70]))
        price = draw(st.sampled_from(["99.5", "100", "100.00000001", "101"]))
        side = draw(st.sampled_from([True, False, True, False, None]))
        ticks.append(tick(first, seconds, price, trades=trades, side=side))
        first += trades
    return ticks


class TestAnyOrder:
    """Whatever comes, in whatever batches and however often: the tape equals a plain model
    of it.
    """

    @given(data=st.data())
    @settings(max_examples=150)
    def test_ticks_candles_and_gaps_equal_the_model(self, transactional_db, data) -> None:
        tape_of_exchange = data.draw(tapes())
        with open_tape() as tape:
            clear(tape)
            received: list[AggTrade] = []
            for batch in data.draw(
                st.lists(
                    st.lists(st.sampled_from(tape_of_exchange), min_size=1), min_size=1, max_size=6
                )
            ):
                received += batch
                tape.store(batch)
                check(tape, received)
            self.check_instants(received)
            tape.store(tape_of_exchange)
            check(tape, tape_of_exchange)
            assert not open_gaps()

    def check_instants(self, received: list[AggTrade]) -> None:
        """A gap lies between the instants of the ticks on either side."""
        ends = {tick.last + 1: instant(tick.traded) for tick in received}
        starts = {tick.first - 1: instant(tick.traded) for tick in received}
        for gap in Gap.objects.filter(status="open"):
            assert (gap.starts, gap.ends) == (ends[gap.first_trade], starts[gap.last_trade])


PRICES = ["0.00000001", "9999999999.99999999", "1.1", "61928.31000000", "1.100000000000"]


@st.composite
def feeds(draw: st.DrawFn) -> list[list[AggTrade]]:
    """Two symbols' ticks in the order in which they are made, in batches; now and then a batch
    begins with ticks that were in the one before, and now and then a tick comes twice.
    """
    next_trade, time, feed = {"BTCUSDT": 5, "ETHUSDT": 1 << 33}, at(0), []
    for _ in range(draw(st.integers(1, 30))):
        symbol = draw(st.sampled_from(sorted(next_trade)))
        time += draw(st.sampled_from([0, 0, 1, 999_999, 19_876_543, 70_000_000]))
        first, trades = next_trade[symbol], draw(st.integers(1, 3))
        next_trade[symbol] += trades
        price, quantity = draw(st.sampled_from(PRICES)), draw(st.sampled_from(PRICES))
        # The exchange speaks in milliseconds, too.
        traded = time if draw(st.booleans()) else time // 1000
        last, side = first + trades - 1, draw(st.sampled_from([True, False]))
        feed.append(AggTrade(symbol, first, last, price, quantity, traded, time, side))
    cuts = sorted(draw(st.lists(st.integers(0, len(feed)), max_size=4)))
    batches = []
    for begin, end in zip([0, *cuts], [*cuts, len(feed)], strict=True):
        begin = max(0, begin - draw(st.sampled_from([0, 0, 0, 1, 3])))
        batch = feed[begin:end]
        if batch and draw(st.integers(0, 4)) == 0:
            batch.insert(draw(st.integers(0, len(batch))), draw(st.sampled_from(batch)))
        batches += [batch] if batch else []
    return batches


@given(batches=feeds())
@settings(max_examples=150)
def test_what_follows_the_end_is_stored_as_anything_else(
    transactional_db, batches: list[list[AggTrade]]
) -> None:
    received: list[AggTrade] = []
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        clear(tape)
        for batch in batches:
            new = {(tick.symbol, tick.first) for tick in batch} - {
                (tick.symbol, tick.first) for tick in received
            }
            assert tape.store(batch) == Stored(len(new), 0, 0)
            received += batch
            assert stored_ticks() == expected_ticks(tape, received)
            assert stored_candles() == {
                minute: asdict(candle) for minute, candle in minutes(received).items()
            }
    assert not open_gaps()


def test_a_symbol_without_a_tape_follows_on_nothing() -> None:
    """It may have been pruned, or something may be known of it: its batch is for the statement that
    looks at all.
    """
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store([tick(1)])
        Symbol.objects.filter(name="ETHUSDT").update(kept_from=10)
        stored = tape.store([tick(2, 1), tick(3, 1, symbol="ETHUSDT")])
        assert (stored.ticks, stored.contradicted) == (1, ["ETHUSDT"])
        assert not Price.objects.filter(symbol__name="ETHUSDT").exists()


def test_what_follows_a_tick_is_stored_whole_or_not_at_all() -> None:
    """Another writer's tick stands where the batch would go: it is no end that this one
    follows on.
    """
    with open_tape() as tape, open_tape() as other:
        tape.store([tick(1)])
        other.store([tick(2, 1), tick(3, 2)])
        stored = tape.store([tick(2, 1), tick(3, 2), tick(4, 3)])
    assert stored == Stored(1, 0, 0)
    assert Price.objects.count() == 4


def test_what_follows_the_end_may_lie_in_a_known_gap() -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
        tape.note("BTCUSDT", [Hole(2, 5, START, START + timedelta(seconds=9))])
        assert tape.store([tick(2, 1), tick(3, 2)]) == Stored(2, 0, 0)
        assert open_gaps() == [(4, 5)]


def test_a_hole_is_known_in_the_commit_that_reveals_it() -> None:
    with open_tape() as tape:
        tape.store([tick(1, 0), tick(2, 1)])
        stored = tape.store([tick(6, 5)])
    assert (stored.ticks, stored.gaps_opened) == (1, 1)
    gap = Gap.objects.get()
    assert (gap.first_trade, gap.last_trade, gap.status) == (3, 5, "open")
    assert (gap.starts, gap.ends) == (START + timedelta(seconds=1), START + timedelta(seconds=5))


def test_the_hole_across_a_stop_is_found_when_recording_resumes() -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
    with open_tape() as resumed:
        resumed.store([tick(9, 60)])
    assert open_gaps() == [(2, 8)]


def test_a_gap_splits_when_partly_filled_and_then_closes() -> None:
    with open_tape() as tape:
        tape.store([tick(1), tick(10, 9)])
        tape.store([tick(5, 4)])
        assert open_gaps() == [(2, 4), (6, 9)]
        stored = tape.store([tick(2, 1, trades=3)])
        assert stored.gaps_closed == 1
        assert open_gaps() == [(6, 9)]
    assert Gap.objects.get(status="repaired").closed_at is not None


def test_one_symbols_trades_fill_no_other_symbols_hole() -> None:
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store([tick(1), tick(5)])
        tape.store([tick(first, symbol="ETHUSDT") for first in range(1, 6)])
    assert open_gaps() == [(2, 4)]
    assert open_gaps("ETHUSDT") == []


def test_earlier_ticks_leave_a_gap_up_to_the_tapes_beginning() -> None:
    with open_tape() as tape:
        tape.store([tick(100, 60)])
        tape.store([tick(10, 1), tick(11, 2)])
    assert open_gaps() == [(12, 99)]


def test_milliseconds_and_microseconds_of_a_trade_are_one_trade() -> None:
    in_microseconds = tick(1, 0.123456)
    in_milliseconds = AggTrade("BTCUSDT", 1, 1, "100", "1", in_microseconds.traded // 1000, 0)
    with open_tape() as tape:
        tape.store([in_microseconds])
        assert tape.store([in_milliseconds]).ticks == 0
    assert Price.objects.get().timestamp == START + timedelta(microseconds=123456)


@pytest.mark.parametrize("price", PRICES)
def test_a_price_is_stored_exactly(price: str) -> None:
    with open_tape() as tape:
        tape.store([tick(1, price=price)])
    assert Price.objects.get().price == Decimal(price)


@given(time=st.integers(1_000_000_000_000_000, 9_007_199_254_740_991))
@settings(max_examples=50)
def test_an_instant_is_stored_to_the_microsecond(transactional_db, time: int) -> None:
    with open_tape() as tape:
        clear(tape)
        # One begins the tape, the other follows on it: each is written its own way.
        for trade in (1, 2):
            tape.store([AggTrade("BTCUSDT", trade, trade, "1", "1", time, time)])
    assert {tick.timestamp for tick in Price.objects.all()} == {instant(time)}


def test_minutes_are_half_open() -> None:
    with open_tape() as tape:
        tape.store([tick(1, 59.999999, "1"), tick(2, 60, "2")])
    assert {minute: candle["high"] for (_, minute), candle in stored_candles().items()} == {
        START: Decimal(1),
        START + timedelta(minutes=1): Decimal(2),
    }


def test_registering_again_burns_no_number() -> None:
    for _ in range(3):
        with open_tape("BTCUSDT", "ETHUSDT") as tape:
            numbers = tape.numbers
    with open_tape("BTCUSDT", "TRXUSDT") as tape:
        assert tape.numbers["BTCUSDT"] == numbers["BTCUSDT"]
        assert tape.numbers["TRXUSDT"] == max(numbers.values()) + 1


def test_ticks_stored_again_in_ms_are_on_the_tape_once() -> None:
    ticks = [*recorded(BTC), *recorded(ETH), *recorded(TRX)]
    cut = [
        AggTrade(
            t.symbol,
            t.first,
            t.last,
            t.price,
            t.quantity,
            micros(t.traded) // 1000,
            t.sent,
            t.is_buyer_maker,
        )
        for t in ticks
    ]
    with open_tape("BTCUSDT", "ETHUSDT", "TRXUSDT") as tape:
        tape.store(ticks)
        check(tape, ticks)
        assert tape.store(ticks).ticks == 0
        assert tape.store(cut).ticks == 0
        check(tape, ticks)
    assert Symbol.objects.count() == 3
    assert at(0) == START.timestamp() * 1_000_000


@pytest.mark.parametrize(("symbols", "most"), [(2, 130), (40, 130)])
def test_what_a_tick_costs_in_bytes(symbols: int, most: int) -> None:
    """Rows and indexes, of symbols interleaved as they come from the stream: no index is left half
    empty.
    """
    names = [f"S{number}" for number in range(symbols)]
    following = dict.fromkeys(names, 0)
    feed = []
    for number, source in enumerate(5 * recorded(BTC)):
        symbol = names[number % symbols]
        first, trades = following[symbol], source.last - source.first + 1
        following[symbol] += trades
        time = at(number / 1000)
        feed.append(
            AggTrade(
                symbol,
                first,
                first + trades - 1,
                source.price,
                source.quantity,
                time,
                time,
                source.is_buyer_maker,
            )
        )
    with open_tape(*names) as tape:
        for begin in range(0, len(feed), 500):
            tape.store(feed[begin : begin + 500])
        (size,) = tape.database.execute(
            "SELECT pg_relation_size('prices_price') + pg_indexes_size('prices_price')"
        ).fetchone()
    # Of each symbol the last page of either index is being filled.
    size -= symbols * 2 * PAGE
    assert size / len(feed) <= most


WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_recorders_of_different_symbols_do_not_wait() -> None:
    both = ("BTCUSDT", "ETHUSDT")
    with open_tape(*both) as holder, open_tape(*both) as waiting, open_tape(*both) as tape:
        thread = threading.Thread(target=waiting.store, args=([tick(1)],))
        with holder.database.transaction():
            lock(holder.database, {holder.numbers["BTCUSDT"]})
            thread.start()
            eventually(lambda: tape.database.execute(WAITING).fetchone() == (1,))
            assert tape.store([tick(1, symbol="ETHUSDT")]).ticks == 1
            assert thread.is_alive()
        thread.join()
    assert Price.objects.count() == 2


def test_instants_of_a_gap_come_from_its_own_symbol() -> None:
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store(
            [
                tick(1, 1),
                tick(1, 7, symbol="ETHUSDT"),
                tick(3, 3),
                tick(3, 2, symbol="ETHUSDT"),
                tick(4, 9, symbol="ETHUSDT"),
            ]
        )
    gap = Gap.objects.get(symbol__name="BTCUSDT")
    assert (gap.starts, gap.ends) == (START + timedelta(seconds=1), START + timedelta(seconds=3))


@pytest.mark.parametrize(
    "other",
    [
        tick(9, 0, trades=2),
        tick(11, 1),
        tick(12, 1, trades=2),
        tick(8, 0, trades=9),
        tick(13, 2, trades=2),
    ],
    ids=["reaches in", "within", "reaches out", "around all", "begins alike"],
)
def test_trades_in_another_aggregate_are_no_new_ones(other: AggTrade) -> None:
    """Two sources may aggregate the same trades differently. Each trade is stored once."""
    kept = [tick(5, 0, trades=5), tick(10, 1, trades=3), tick(13, 2, trades=3), tick(16, 3)]
    with open_tape() as tape:
        tape.store(kept)
        stored = tape.store([other])
        assert (stored.ticks, stored.contradicting) == (0, (other,))
        # Among others as well.
        stored = tape.store([tick(4, 0), other, tick(17, 4)])
        assert (stored.ticks, stored.contradicting) == (2, (other,))
        check(tape, [tick(4, 0), *kept, tick(17, 4)])


def test_history_among_ticks_is_stored_at_once() -> None:
    """Before the tape, and into its gaps, as if it were new; what is known in it does not
    matter.
    """
    ticks = [tick(n, n) for n in range(100)]
    with open_tape() as tape:
        tape.store(ticks[50:60])
        tape.store(ticks[90:])
        tape.store(ticks[10:20])
        check(tape, [*ticks[10:20], *ticks[50:60], *ticks[90:]])
        tape.store(ticks[65:70])
        tape.store([*ticks[20:30], *ticks[60:65]])
        check(tape, [*ticks[10:30], *ticks[50:70], *ticks[90:]])
        tape.store(ticks)
        check(tape, ticks)
