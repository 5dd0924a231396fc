"""Rotation over real sockets: the new connection delivers before the old one closes, and nothing is
lost in between.
"""

import ssl
import threading

import pytest

from prices.exchange import connection
from prices.exchange.backoff import CEILING
from prices.exchange.connection_chain import DEAD_AFTER
from prices.exchange.handover import LONGEST, SHORTEST
from prices.exchange.messages import parse
from prices.exchange.rotation import AGE, ROTATE_AFTER, SHUTDOWN, SPREAD
from prices.exchange.standby import HELD
from prices.exchange.stream import Down, Event, Idle, Renewed, Up
from prices.exchange.subscription import aggregate_trades
from tests.support.faulty_server import PING, TEXT, Peer, farewell, faulty, frame
from tests.support.feeds import (
    Gated,
    Life,
    Market,
    Reading,
    busy,
    handover,
    make_ready,
    reading,
    stay,
    successors,
    trade,
)
from tests.support.local_exchange import TRX, agg_trades, local_exchange
from tests.support.recorders import eventually
from tests.support.secured import CERTIFICATE, secured

RAW = b'{"e":"serverShutdown","E":1770123456789}'
COMBINED = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'


@pytest.fixture
def life() -> Life:
    return Life()


@pytest.fixture
def market() -> Market:
    return Market()


def end_soon(peer: Peer) -> None:
    """A connection without a trade, whose end is announced."""
    peer.upgrade(frame(TEXT, RAW))
    stay(peer)


def parse_id(event: Event) -> int | None:
    return parse(event).first if isinstance(event, bytes) else None


class TestDue:
    def test_before_the_connection_is_a_day_old(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER - 1)
            read.until(lambda: market.last == 30)
            assert len(market.peers) == 1
            read.later(1)
            handover(read)
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed(AGE, joined=True)

    def test_by_lot_up_to_an_hour_sooner(self, life, market) -> None:
        life.luck = 0.5
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER - SPREAD / 2)
            handover(read)

    @pytest.mark.parametrize("shutdown", [RAW, COMBINED])
    def test_at_once_when_the_exchange_announces_the_end(self, life, market, shutdown) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            market.tell(frame(TEXT, shutdown))
            handover(read)
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed(SHUTDOWN, joined=True)
        # Whoever reads the frames gets that one, too.
        assert read.seen.count(shutdown) == 1

    def test_not_when_a_frame_only_mentions_the_end(self, life, market) -> None:
        with reading(life, market, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            market.tell(frame(TEXT, b'{"result":["serverShutdown"],"id":1}'))
            market.tell(frame(TEXT, b"serverShutdown"))
            read.until(lambda: b"serverShutdown" in read.seen)
            read.until(lambda: market.last == 30)
            assert read.stream.trouble is None
            assert successors() == []

    def test_when_another_thread_does_not_trust_the_connection(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            other = threading.Thread(target=read.stream.renew, args=("BTCUSDT is stale.",))
            other.start()
            other.join()
            handover(read)
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed("BTCUSDT is stale.", joined=False)

    def test_distrust_marks_a_rotation_as_possibly_losing(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            read.stream.renew("BTCUSDT is stale.")
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed("BTCUSDT is stale.", joined=False)
            much_later = market.last + 30
            read.until(lambda: market.last == much_later)
            assert len(market.peers) == 2

    def test_not_for_distrust_in_a_connection_that_is_gone(self, life, market) -> None:
        def end(peer: Peer) -> None:
            peer.upgrade(farewell(1001))
            stay(peer)

        with reading(life, market, end, market.serve) as read:
            read.until_seen(Down)
            read.stream.renew("BTCUSDT is stale.")
            read.until(lambda: market.last == 30)
            assert len(market.peers) == 1
            assert successors() == []
            assert read.stream.trouble is None


class TestTakingOver:
    def test_nothing_is_lost_and_nothing_is_out_of_order(self, life, market) -> None:
        with reading(life, market, *[market.serve] * 4) as read:
            for connections in (1, 2, 3):
                read.until(lambda: market.heard_by == connections)  # noqa: B023
                read.until(lambda: len(read.seen) > 30 * connections)  # noqa: B023
                read.later(ROTATE_AFTER)
                handover(read)
                read.later(SHORTEST)
                read.until_seen(Renewed)
            read.until(lambda: len(read.seen) > 150)
        assert read.told() == [Up()] + [Renewed(AGE, joined=True)] * 3
        old_last = 0
        for ids in read.stretches():
            assert ids == list(range(ids[0], ids[-1] + 1))
            # There was an overlap, which is told twice.
            assert ids[0] <= old_last or old_last == 0
            old_last = ids[-1]
        assert read.stretches()[0][0] == 1
        # Every one was left with a goodbye.
        eventually(lambda: market.left == market.peers)

    def test_nothing_is_lost_at_the_local_exchange(self, life) -> None:
        expected = [row["f"] for row in agg_trades(TRX)]
        # A lot that is never drawn: connections serve for a little over a minute.
        life.luck = (ROTATE_AFTER - CEILING - 5) / SPREAD
        with local_exchange(TRX, speed=1000) as exchange:
            url = aggregate_trades(exchange.ws_url, ["TRXUSDT"]).url
            read = Reading(life, Market(), life.stream(url))
            while not (read.seen and parse_id(read.seen[-1]) == expected[-1]):
                read.next()
                # Time stands still while a connection is made.
                if read.stream.chain.standby is None or read.stream.chain.standby.held:
                    life.now += 0.02
                assert life.now < 5000, "the last trade never came"
            read.events.close()
            # One more may be on its way: the exchange stays until it has left.
            eventually(lambda: not successors())
        up, *renewals = read.told()
        assert up == Up()
        assert set(renewals) == {Renewed(AGE, joined=True)}
        stretches = read.stretches()
        assert all(ids == list(range(ids[0], ids[-1] + 1)) for ids in stretches)
        assert sorted(set().union(*stretches)) == expected

    def test_what_the_old_one_has_received_comes_before(self, life, market) -> None:
        made: list[Gated] = []

        def connect(url: str) -> Gated:
            made.append(Gated(url))
            return made[-1]

        with reading(life, market, market.serve, market.serve, connect=connect) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            make_ready(read, made)
            # A burst that one read brings in, for the old one alone.
            burst = [b"%d" % number for number in range(100)]
            market.tell(b"".join(frame(TEXT, text) for text in burst), market.peers[0])
            renewed = read.until_seen(Renewed)
        old = read.seen[: read.seen.index(renewed)]
        assert [event for event in old if event in burst] == burst

    def test_a_frame_may_come_in_part_before_and_in_part_after(self, life, market) -> None:
        whole = frame(TEXT, b"a frame of some length")
        rest = threading.Event()

        def in_part(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, trade(market.last + 1)), frame(PING, b"here"), whole[:9])
            peer.read()
            market.heard_by += 1
            rest.wait()
            peer.send(whole[9:])
            stay(peer)

        with reading(life, market, market.serve, in_part) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            read.later(SHORTEST)
            read.until_seen(Renewed)
            rest.set()
            read.until(lambda: read.seen[-1] == b"a frame of some length")

    def test_it_is_no_different_over_tls(self, life) -> None:
        trust = ssl.create_default_context(cafile=CERTIFICATE)

        def connect(url: str) -> connection.Connection:
            connected = connection.connect(url.replace("ws://", "wss://"), trust)
            connected.settimeout(0.01)
            return connected

        def old(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, RAW), frame(TEXT, trade(1)), frame(TEXT, trade(2)))
            stay(peer)

        def new(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, trade(2)), frame(TEXT, trade(3)))
            stay(peer)

        with faulty(secured(old), secured(new)) as url:
            events = iter(life.stream(url, connect=connect))
            seen: list[Event] = []
            while len(seen) < 7:
                event = next(events)
                if isinstance(event, Idle):
                    life.now += 0.1
                    assert life.now < 1000 + DEAD_AFTER
                else:
                    seen.append(event)
            events.close()
        assert seen == [
            *[Up(), RAW, trade(1), trade(2)],
            *[Renewed(SHUTDOWN, joined=True), trade(2), trade(3)],
        ]

    def test_pings_are_answered_on_both(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            old, new = market.peers
            market.tell(frame(PING, b"1751531436000"), old)
            market.tell(frame(PING, b"1751531436001"), new)
            read.until(lambda: len(market.pongs) == 2)
            assert read.told() == [Up()]
        assert {payload: peer for peer, payload in market.pongs} == {
            b"1751531436000": old,
            b"1751531436001": new,
        }

    def test_the_standby_subscribes_to_what_the_url_cannot_hold(self, life, market) -> None:
        received = []

        def listen(peer: Peer) -> None:
            peer.upgrade()
            received.extend([peer.read(), peer.read()])
            stay(peer)

        with faulty(end_soon, listen) as url:
            events = iter(life.stream(url, '{"id":1}', '{"id":2}'))
            eventually(lambda: next(events) and len(received) == 2)
            events.close()
        assert received == [(TEXT, b'{"id":1}'), (TEXT, b'{"id":2}')]
        assert life.slept[2:4] == [connection.MESSAGE_INTERVAL] * 2

    def test_no_more_is_held_than_fits(self, life, market) -> None:
        flood = range(HELD + 1000)

        def gush(peer: Peer) -> None:
            peer.upgrade()
            for number in flood:
                peer.send(frame(TEXT, b"%d" % number) if number else frame(TEXT, trade(1)))
            stay(peer)

        with reading(life, market, market.serve, gush) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            # Not a second goes by: the overlap is over because no more can be held.
            read.until_seen(Renewed)
            read.until(lambda: read.seen[-1] == b"%d" % flood[-1])
        after = read.seen[read.seen.index(Renewed(AGE, joined=True)) + 1 :]
        assert after == [trade(1), *(b"%d" % number for number in flood[1:])]

    def test_in_a_market_without_trades_nobody_is_waited_for(self, life, market) -> None:
        def quiet(peer: Peer) -> None:
            peer.upgrade()
            stay(peer)

        with faulty(end_soon, quiet) as url:
            events = iter(life.stream(url))
            assert [next(events), next(busy(events))] == [Up(), RAW]
            while isinstance(event := next(events), Idle):
                life.now += 0.1
            events.close()
        assert event == Renewed(SHUTDOWN, joined=True)

    def test_heard_never_runs_ahead_of_what_was_handed_over(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            assert read.stream.connections == 0
            assert read.until_seen(Up)
            assert read.stream.connections == 1
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            up = life.now
            read.later(SHORTEST)
            read.until_seen(Renewed)
            assert read.stream.connections == 2
            # The successor heard more since then, which is still held.
            assert read.stream.heard == up
            read.next()
            assert read.stream.heard == up

    def test_heard_catches_up_once_all_that_was_held_is_handed_over(self, life, market) -> None:
        speak, spoken = threading.Event(), threading.Event()

        def new(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, trade(1)), frame(PING, b"up"))
            peer.read()
            market.heard_by += 1
            speak.wait()
            peer.send(frame(TEXT, trade(2)) + frame(PING, b"later"))
            peer.read()
            spoken.set()
            stay(peer)

        with reading(life, market, market.serve, new) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(lambda: market.heard_by == 2)
            up = life.now
            life.now += 1
            speak.set()
            read.until(spoken.is_set)
            life.now += SHORTEST
            read.until_seen(Renewed)
            held = [read.next(), read.next()]
            assert held == [trade(1), trade(2)]
            assert read.stream.heard == up
            assert read.next() == Idle()
            assert read.stream.heard == up + 1

    def test_an_old_one_that_lags_is_waited_for(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            old = market.peers[0]
            # What the successor begins with, the old one has not been told.
            market.peers.clear()
            eventually(lambda: read.next() and market.heard_by == 2)
            late = market.last
            read.later(SHORTEST)
            for _ in range(20):
                read.next()
            assert read.told() == [Up()]
            market.tell(frame(TEXT, trade(late)), old)
            assert next(busy(read.events)) == trade(late)
            assert next(busy(read.events)) == Renewed(AGE, joined=True)

    def test_but_not_for_ever(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            market.peers.clear()
            eventually(lambda: read.next() and market.heard_by == 2)
            read.later(LONGEST + 1)
            assert read.until_seen(Renewed) == Renewed(AGE, joined=False)
