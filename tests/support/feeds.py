"""Feeds for tests: a stream whose time is in the test's hands, and ways to read from it."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prices.exchange import connection
from prices.exchange.handover import SHORTEST
from prices.exchange.messages import AggTrade, parse
from prices.exchange.stream import Event, Idle, Stream
from prices.exchange.subscription import Subscription
from tests.support.faulty_server import (
    CLOSE,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Peer,
    Script,
    faulty,
    frame,
)


class Life:
    """A stream's clock, its sleep and its stop, all in the test's hands."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.luck = 0.0
        self.stop = False
        self.stop_in_sleep = False
        self.passes = False  # Whether time passes while it sleeps.

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.passes:
            self.now += seconds
        self.stop |= self.stop_in_sleep

    def stopped(self) -> bool:
        return self.stop

    def stream(
        self, url: str, *messages: str, connect: Callable[[str], object] | None = None
    ) -> Stream:
        return Stream(
            Subscription(url, messages),
            stopped=self.stopped,
            sleep=self.sleep,
            connect=connect or quick,
            clock=self.clock,
            draw=lambda: self.luck,
        )


def quick(url: str) -> connection.Connection:
    """A connection whose reads wait for a moment only."""
    connected = connection.connect(url)
    connected.settimeout(0.01)
    return connected


def busy(events: Iterator[Event]) -> Iterator[Event]:
    """The events but for the idle ones."""
    return (event for event in events if not isinstance(event, Idle))


def first(number: int, stream: Stream) -> list[Event]:
    """The first events that are not idle; then the connection is left as a reader leaves it who was
    told to stop.
    """
    events = iter(stream)
    try:
        return list(itertools.islice(busy(events), number))
    finally:
        events.close()


def stay(peer: Peer) -> None:
    peer.wait_until_gone()


def trade(number: int) -> bytes:
    """A trade of a market whose ids count up from 1, one a millisecond."""
    return (
        b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":%d,"s":"BTCUSDT","a":%d,"p":"61928.31","q":"0.1",'
        b'"f":%d,"l":%d,"T":%d,"m":true,"M":true}}'
    ) % (
        # Sent three milliseconds after it was traded.
        1751531436003000 + number * 1000,
        number,
        number,
        number,
        1751531436000000 + number * 1000,
    )


class Market:
    """Tells its trades to everyone who is connected: who comes later hears of them from then on."""

    def __init__(self) -> None:
        self.last = 0  # The id of the last trade.
        self.peers: list[Peer] = []
        self.heard_by = 0  # How many connections are known to have received a trade.
        self.pongs: list[tuple[Peer, bytes]] = []
        self.left: list[Peer] = []  # Those that said goodbye.
        self.lock = threading.RLock()

    def serve(self, peer: Peer) -> None:
        """A script for `faulty`."""
        peer.upgrade()
        with self.lock:
            self.peers.append(peer)
            self.trade()
            self.tell(frame(PING, b"hello"), peer)
        while (got := peer.read())[0] not in (CLOSE, 0):
            if got == (PONG, b"hello"):
                self.heard_by += 1
            elif got[0] == PONG:
                self.pongs.append((peer, got[1]))
        if got[0] == CLOSE:
            self.left.append(peer)

    def trade(self, *to: Peer) -> None:
        """The next trade, told to everybody, or to some as a faulty exchange would."""
        with self.lock:
            self.last += 1
            self.tell(frame(TEXT, trade(self.last)), *to)

    def tell(self, sent: bytes, *to: Peer) -> None:
        with self.lock:
            for peer in to or self.peers:
                with suppress(OSError):  # It may have left.
                    peer.send(sent)


class Reading:
    """A stream that is read by the test, and a market in which something is traded at every other
    event.
    """

    def __init__(self, life: Life, market: Market, stream: Stream) -> None:
        self.life = life
        self.market = market
        self.stream = stream
        self.events = iter(stream)
        self.seen: list[Event] = []  # But for the idle ones.
        self.turns = itertools.cycle([False, True])

    def next(self) -> Event:
        event = next(self.events)
        if not isinstance(event, Idle):
            self.seen.append(event)
        return event

    def until(self, condition: Callable[[], object], *, staleness: float = 0) -> None:
        """Read on until something is so; fail when it is not after a long while. `pace`: seconds
        that an event takes.
        """
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"it never came to pass; at last {self.seen[-3:]}, in trouble: "
                f"{self.stream.trouble}"
            )
            self.next()
            self.life.now += staleness
            if next(self.turns):
                # Not at each: who takes all that has come would never be done.
                self.market.trade()

    def until_seen(self, kind: type[Event]) -> Event:
        """Read on until an event of a kind comes."""
        self.until(lambda: self.seen and isinstance(self.seen[-1], kind))
        return self.seen[-1]

    def later(self, seconds: float) -> None:
        """Let time go by on a connection that is not silent meanwhile."""
        self.market.trade()
        self.life.now += seconds
        # On a busy machine what is traded may arrive only after the next read has given up.
        self.stream.chain.heard = self.life.now

    def told(self) -> list[Event]:
        """What was told of connections."""
        return [event for event in self.seen if not isinstance(event, bytes)]

    def stretches(self) -> list[list[int]]:
        """The ids delivered on each connection."""
        stretches: list[list[int]] = []
        for event in self.seen:
            if not isinstance(event, bytes):
                stretches.append([])
            elif type(tick := parse(event)) is AggTrade:
                stretches[-1].append(tick.first)
        return stretches


@contextmanager
def reading(life: Life, market: Market, *scripts: Script, **options: Any) -> Iterator[Reading]:
    """A reading of what some scripts play. Its stream is closed in the end as a reader leaves it
    who was told to stop.
    """
    with faulty(*scripts) as url:
        read = Reading(life, market, life.stream(url, **options))
        try:
            yield read
        finally:
            read.events.close()


def handover(read: Reading) -> None:
    """Read on until one more connection has received a trade, and the present one has delivered
    that.
    """
    known = read.market.heard_by
    read.until(lambda: read.market.heard_by > known)
    told = read.market.last
    read.until(lambda: read.stretches()[-1][-1] >= told)


class Gated:
    """A connection that is read only while the gate is open."""

    def __init__(self, url: str) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.connection = quick(url)
        self.send = self.connection.send
        self.settimeout = self.connection.settimeout
        self.close = self.connection.close

    def recv_data(self, control_frame: bool = False) -> tuple[int, Any]:
        self.gate.wait()
        return self.connection.recv_data(control_frame)


def make_ready(read: Reading, made: list[Gated]) -> None:
    """Read on until the successor, the last made, is ready to take over, which the stream will see
    at its next look.
    """
    handover(read)
    made[-1].gate.clear()
    read.later(SHORTEST)
    read.until(lambda: read.stream.chain.standby.letting_go)
    made[-1].gate.set()
    for thread in successors():
        thread.join(PATIENCE)


def successors() -> list[threading.Thread]:
    """Those that are being made or read."""
    return [thread for thread in threading.enumerate() if thread.name == "standby"]
