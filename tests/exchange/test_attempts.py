"""Attempts to connect: few enough for several recorders on one address, whatever fails, and soon
enough after any outage.
"""

import errno
import socket
from itertools import count
from typing import Any

import pytest
import websocket
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.attempts import BURST, MOST, PERIOD, RATE, AttemptBudget
from prices.exchange.dialing import Unreachable, telling
from prices.exchange.failures import ClosedByExchange, left_network
from prices.exchange.reconnection import Reconnection
from prices.exchange.rotation import ROTATE_AFTER, Rotation
from prices.exchange.stream import Down, Renewed, Stream
from prices.exchange.subscription import Subscription
from tests.support.faulty_server import TEXT

# Of the exchange: attempts per IP address in 5 minutes.
LIMIT = 300

# Seconds after the end of an outage in which a recorder is back.
BACK_WITHIN = 5.0


def status(number: int, **headers: str) -> websocket.WebSocketBadStatusException:
    return websocket.WebSocketBadStatusException("refused", number, resp_headers=headers)


# How an attempt fails, and whether the exchange has seen it.
OUTAGES = [
    (ConnectionRefusedError(), True),
    (ConnectionResetError(), True),
    (TimeoutError(), True),
    (status(503), True),
    (websocket.WebSocketConnectionClosedException("gone"), True),
    (socket.gaierror(socket.EAI_AGAIN, "no resolver"), False),
    (Unreachable(errno.ENETUNREACH, "no route"), False),
]
REFUSALS = [(status(429), True), (status(451), True), (ClosedByExchange(b"\x03\xf0"), True)]


class Line:
    """A connection that delivers a frame per second, so many of them, and breaks."""

    def __init__(self, world: "World", lasts: float) -> None:
        self.world = world
        self.ends = world.now + lasts

    def recv_data(self, control_frame: bool = False) -> tuple[int, Any]:
        if self.world.now >= self.ends:
            raise ConnectionResetError
        self.world.now = min(self.world.now + 1, self.ends)
        return TEXT, b"{}"

    def send(self, payload: str) -> int:
        return len(payload)

    def settimeout(self, timeout: float) -> None:
        pass

    def close(self) -> None:
        pass


class World:
    """An exchange and a clock for one stream. `fates`: how each attempt ends, in order."""

    def __init__(self, fates, luck: float = 0.0) -> None:
        self.now = 0.0
        self.fates = iter(fates)
        self.over = False
        self.seen: list[float] = []  # When the exchange saw an attempt.
        self.luck = luck

    def stream(self) -> Stream:
        return Stream(
            Subscription("wss://exchange", ()),
            stopped=lambda: self.over,
            sleep=self.sleep,
            connect=self.connect,
            clock=lambda: self.now,
            draw=lambda: self.luck,
            wall_clock=lambda: self.now,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def connect(self, url: str) -> Line:
        fate = next(self.fates, None)
        if fate is None:
            self.over = True
            raise ConnectionRefusedError
        at = self.now
        if isinstance(fate, float):
            self.seen.append(at)
            return Line(self, fate)
        (error, is_seen), took = fate
        self.now += took
        if is_seen:
            self.seen.append(at)
        raise error

    def most(self) -> int:
        return max(
            (sum(at <= other < at + PERIOD for other in self.seen) for at in self.seen), default=0
        )


FAILED = st.tuples(st.sampled_from(OUTAGES + REFUSALS), st.sampled_from([0.0, 0.1, 3.0, 10.0]))
LASTED = st.floats(0.0, 90.0) | st.sampled_from([0.0, 1.0, 10.0])


@given(st.lists(FAILED | LASTED, max_size=400), st.sampled_from([0.0, 0.5, 1.0]))
def test_four_recorders_may_share_an_address(fates, luck) -> None:
    world = World(fates, luck)
    for _ in world.stream():
        pass
    assert world.most() <= MOST <= LIMIT / 4


@pytest.mark.parametrize("refused", range(8))
@pytest.mark.parametrize("lasts", [0.0, 1.0, 5.0, 10.0, 28.0])
def test_the_worst_line_keeps_to_the_limit(lasts, refused) -> None:
    world = World(([lasts] + [(OUTAGES[0], 0.0)] * refused) * 60)
    for _ in world.stream():
        pass
    assert world.most() <= MOST


@given(st.lists(st.floats(0, 20), min_size=1, max_size=300))
def test_any_attempts_within_the_budget_are_few_enough(pauses) -> None:
    budget, now, made = AttemptBudget(), 0.0, []
    for pause in pauses:
        now += max(pause if pause > 10 else 0.0, budget.wait(now))
        budget.spend(now)
        made.append(now)
    assert all(sum(at <= other < at + PERIOD for other in made) <= MOST for at in made)


def test_a_budget_allows_a_few_at_once_and_then_a_steady_rate() -> None:
    budget = AttemptBudget()
    for _ in range(BURST):
        assert budget.wait(0.0) == 0.0
        budget.spend(0.0)
    assert budget.wait(0.0) == pytest.approx(1 / RATE)
    assert 1 / RATE < BACK_WITHIN


def test_an_attempt_that_the_exchange_did_not_see_is_free() -> None:
    budget = AttemptBudget()
    for _ in range(1000):
        assert budget.wait(0.0) == 0.0
        budget.spend(0.0)
        budget.give_back()


@pytest.mark.parametrize("took", [0.0, 3.0, 10.0])
@pytest.mark.parametrize("kind", OUTAGES, ids=lambda kind: type(kind[0]).__name__)
@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_an_outage_of_any_kind_and_length_is_not_waited_out(kind, took, luck) -> None:
    world = World(((kind, took) for _ in range(1000)), luck)
    waits = [event.wait for event in world.stream() if isinstance(event, Down)]
    assert min(waits) >= 0.5
    assert max(waits) < BACK_WITHIN


def test_a_network_that_is_back_is_noticed_within_a_second() -> None:
    for kind in (OUTAGES[-2], OUTAGES[-1]):
        world = World(((kind, 0.0) for _ in range(500)), luck=1.0)
        assert {event.wait for event in world.stream() if isinstance(event, Down)} == {1.0}
        assert world.seen == []


@pytest.mark.parametrize("number", [418, 429])
def test_a_retry_after_rules(number) -> None:
    waits = Reconnection(AttemptBudget(), draw=lambda: 0.0, wall_clock=lambda: 0.0)
    limited = {"retry-after": "77"}
    assert waits.wait(status(number, **limited), 0.0) == 77
    limited = {"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}
    assert waits.wait(status(number, **limited), 0.0) == 120


def test_a_retry_after_of_a_standby_rules_for_all_connections() -> None:
    budget = AttemptBudget()
    rotation = Rotation(lambda: 0.0, budget)
    rotation.begin(0.0)
    rotation.distrust("BTCUSDT is stale.", 60.0)
    rotation.failed(status(429, **{"retry-after": "77"}), 60.0)
    assert not rotation.may_try(60 + 76)
    # The present connection breaks.
    assert Reconnection(budget).wait(ConnectionResetError(), 70.0) == 67


def test_recorders_told_to_wait_do_not_return_together() -> None:
    limited = {"retry-after": "77"}
    waits = {
        Reconnection(AttemptBudget(), draw=lambda: luck).wait(status(429, **limited), 0.0)  # noqa: B023
        for luck in (0.0, 0.25, 0.5)
    }
    assert len(waits) == 3


@pytest.mark.parametrize("kind", REFUSALS, ids=str)
def test_a_refusal_is_asked_about_ever_less_often(kind) -> None:
    world = World(((kind, 0.0) for _ in range(9)), luck=1.0)
    waits = [event.wait for event in world.stream() if isinstance(event, Down)]
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_refusal_after_an_outage_begins_with_short_pauses() -> None:
    world = World([(OUTAGES[0], 10.0)] * 20 + [(REFUSALS[0], 10.0)], luck=1.0)
    waits = [event.wait for event in world.stream() if isinstance(event, Down)]
    assert waits[20] == 1


def test_standby_connections_count_as_well() -> None:
    # It is refused for hours while the present connection delivers, and is not trusted.
    world = World([])
    fates = count()

    def connect(url: str) -> Line:
        world.seen.append(world.now)
        if next(fates):
            raise ConnectionRefusedError
        return Line(world, ROTATE_AFTER)

    world.connect = connect
    stream = world.stream()
    for event in stream:
        assert not isinstance(event, Renewed)
        stream.renew("BTCUSDT is stale.")
        if stream.chain.standby is not None:
            stream.chain.standby.wait(10)
        world.over = world.now > 2000
    assert len(world.seen) > 300
    assert world.most() <= MOST


@pytest.mark.parametrize(
    ("failed", "seen"),
    [
        ([], False),
        ([errno.ENETUNREACH], False),
        ([errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL], False),
        ([errno.ECONNREFUSED], True),
        ([errno.ENETUNREACH, errno.ECONNREFUSED], True),
        # No IPv6, as so often.
        ([errno.ECONNREFUSED, errno.ENETUNREACH], True),
        ([None, errno.ENETUNREACH], True),
    ],
)
def test_an_attempt_is_free_if_no_address_has_a_route(failed, seen) -> None:
    failures = [OSError(number, "failed") if number else TimeoutError() for number in failed]
    assert left_network(telling(failures)) is seen
