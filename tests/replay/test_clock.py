"""The clocks of the exchange, and the feed that follows them."""

from array import array
from collections import Counter

from replay.archive import read
from replay.clock import LAG, Clock, DrivenClock, ReplayClock, StepClock
from replay.feed import Feed
from replay.ledger import ENDLESS, Ledger
from tests.support.local_exchange import BTC, ETH, agg_trades

FIRST = 1_723_161_255_342_000  # µs


class Seconds:
    """A clock on the wall that a test sets."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def test_a_replay_waits_for_its_first_listener():
    seconds = Seconds(100)
    clock = ReplayClock(FIRST, 10, seconds)
    seconds.now = 200
    assert clock.now() == FIRST
    clock.start()
    seconds.now = 203
    assert clock.now() == FIRST + 30_000_000
    clock.start()  # a second listener changes nothing
    assert clock.now() == FIRST + 30_000_000


def test_a_tick_is_streamed_a_little_after_it_happened():
    seconds = Seconds()
    clock = ReplayClock(FIRST, 2, seconds)
    clock.start()
    assert clock.horizon() == FIRST - LAG
    assert clock.seconds_until(FIRST + 1_997_000) == 1
    seconds.now = 1
    assert clock.horizon() == FIRST + 1_997_000


def test_a_loop_lives_in_the_present():
    assert Clock(Seconds(1_800_000_000.5)).now() == 1_800_000_000_500_000


def test_a_driven_clock_is_moved_on_by_the_sending_alone():
    clock = DrivenClock(FIRST)
    assert (clock.now(), clock.horizon()) == (FIRST, ENDLESS)
    clock.reached(FIRST + 5000)
    clock.reached(FIRST + 4000)  # somebody who is behind
    assert clock.edge() == FIRST + 5000


def test_a_step_clock_stands_still_until_it_is_moved_on():
    clock = StepClock(FIRST)
    clock.start()
    clock.reached(FIRST + 5000)
    assert (clock.now(), clock.horizon()) == (FIRST, FIRST - LAG)
    clock.step(2500)
    assert clock.now() == FIRST + 2500
    clock.step_to(FIRST + LAG)
    clock.step_to(FIRST)  # never back
    assert clock.horizon() == FIRST
    assert clock.seconds_until(FIRST) == 0
    assert 0 < clock.seconds_until(FIRST + 1) < 0.02


def taken(feed, horizon=ENDLESS, about=400):
    slices = iter(lambda: feed.take(horizon, about), [])
    return [tick for parts in slices for part in parts for tick in part.market.ticks(*part[1:])]


def test_a_feed_hands_out_every_tick_once_and_in_time():
    markets = Ledger(read([BTC, ETH])).markets
    feed = Feed()
    feed.listen(list(markets.values()), since=FIRST - 1)
    ends = []
    while slices := feed.take(ENDLESS, 400):
        times = [tick.time for part in slices for tick in part.market.ticks(*part[1:])]
        assert not ends or ends[-1] <= min(times)
        ends.append(max(times))
    assert feed.next_time() is None


def test_a_feed_stops_at_the_horizon_and_goes_on_from_there():
    (market,) = Ledger(read([BTC])).markets.values()
    rows = agg_trades(BTC)
    horizon = rows[5000]["T"]
    feed = Feed()
    feed.listen([market], since=FIRST - 1)
    early, late = taken(feed, horizon), None
    assert feed.next_time() == next(row["T"] for row in rows if row["T"] > horizon)
    late = taken(feed)
    assert [tick.agg_id for tick in early + late] == [row["a"] for row in rows]
    assert early[-1].time <= horizon < late[0].time


def test_a_feed_of_many_markets_hands_out_many_ticks_at_once():
    crowd = [recording for _ in range(20) for recording in read([BTC])]
    for number, recording in enumerate(crowd):
        recording.symbol = f"{number}USDT"
        recording.times = array("q", (time + number * 7_919 for time in recording.times))
    markets = list(Ledger(crowd).markets.values())
    feed = Feed()
    feed.listen(markets, since=FIRST - 1)
    ends, counts = [], []
    while slices := feed.take(ENDLESS, 20):
        times = [tick.time for part in slices for tick in part.market.ticks(*part[1:])]
        assert not ends or ends[-1] < min(times)
        ends.append(max(times))
        counts.append(len(times))
    assert sum(counts) == sum(len(recording) for recording in crowd)
    assert sum(counts) / len(counts) > 100
    # Those of one instant are not torn apart.
    _, at_once = Counter(crowd[0].times).most_common(1)[0]
    assert max(counts) < 200 + at_once


def test_a_market_that_is_added_begins_with_what_is_new():
    markets = Ledger(read([BTC, ETH])).markets
    btc, eth = markets["BTCUSDT"], markets["ETHUSDT"]
    feed = Feed()
    feed.listen([btc], since=FIRST - 1)
    taken(feed, FIRST + 1_000_000)
    feed.listen([btc, eth], since=FIRST + 60_000_000)
    ticks = taken(feed)
    bought = [row for row in agg_trades(BTC) if row["T"] > FIRST + 1_000_000]
    added = [row for row in agg_trades(ETH) if row["T"] > FIRST + 60_000_000]
    assert len(ticks) == len(bought) + len(added)


def test_a_feed_knows_what_it_handed_out_last():
    markets = Ledger(read([BTC, ETH])).markets
    feed = Feed()
    feed.listen(list(markets.values()), since=FIRST - 1)
    assert [part.stop - part.start for part in feed.latest(5, "")] == [0, 0]
    taken(feed, FIRST + 60_000_000)
    (part,) = feed.latest(5, "ETHUSDT")
    happened = [row["a"] for row in agg_trades(ETH) if row["T"] <= FIRST + 60_000_000]
    assert [tick.agg_id for tick in part.market.ticks(part.start, part.stop)] == happened[-5:]
    feed.broken()
    assert [part.stop - part.start for part in feed.latest(5, "")] == [0, 0]
