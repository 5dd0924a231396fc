"""Successors that fail, are late or are not needed any more: the old connection is kept for as long
as it is good.
"""

import threading
from itertools import pairwise
from math import inf

import pytest

from prices.exchange import connection
from prices.exchange.attempts import AttemptBudget
from prices.exchange.backoff import CEILING, OUTAGE_CEILING
from prices.exchange.handover import LONGEST, SHORTEST, Handover, OverlapVerdict
from prices.exchange.rotation import AGE, ROTATE_AFTER, SHUTDOWN, SPREAD, Rotation
from prices.exchange.standby import HELD, HELD_BYTES, UP_WITHIN, Standby
from prices.exchange.stream import Down, Idle, Renewed, Up
from prices.exchange.subscription import Subscription
from tests.support.faulty_server import CLOSE, TEXT, Peer, Script, farewell, frame
from tests.support.feeds import (
    Gated,
    Life,
    Market,
    handover,
    make_ready,
    quick,
    reading,
    stay,
    successors,
    trade,
)
from tests.support.recorders import PATIENCE, eventually

SHUT_DOWN = frame(TEXT, b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')


@pytest.fixture
def life() -> Life:
    return Life()


@pytest.fixture
def market() -> Market:
    return Market()


class Door:
    """A server that takes its time for the upgrade: until the test opens."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.knocked = threading.Event()
        self.open = threading.Event()

    def serve(self, peer: Peer) -> None:
        self.knocked.set()
        self.open.wait()
        self.script(peer)


@pytest.fixture
def door(market) -> Door:
    return Door(market.serve)


def refuse(peer: Peer) -> None:
    peer.refuse("503 Service Unavailable")


REFUSED = "The exchange refused the connection with HTTP 503. Server error."
CUT = "The connection broke: closed by the exchange with code 1001."


class Flood:
    """A connection that delivers the same frame for as long as somebody reads."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def recv_data(self, control_frame: bool = False) -> tuple[int, bytes]:
        return TEXT, self.payload

    def send(self, payload: str) -> int:
        return len(payload)

    def settimeout(self, timeout: float) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("size", "held"), [(1 << 20, 16), (HELD_BYTES, 1), (HELD_BYTES // HELD, HELD)]
)
def test_what_is_held_is_bounded_in_bytes_and_in_frames(size: int, held: int) -> None:
    flood = Flood(bytes(size))
    standby = Standby(
        Subscription("ws://nowhere", ()),
        connect=lambda url: flood,
        sleep=lambda seconds: None,
        clock=lambda: 0.0,
    )
    standby.wait(PATIENCE)
    assert not standby.thread.is_alive()
    assert (len(standby.held), standby.error) == (held, None)


class TestWhileTheOldOneIsGood:
    def test_a_slow_handshake_delays_nothing(self, life, market, door) -> None:
        with reading(life, market, market.serve, door.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            begun = market.last
            read.until(lambda: market.last == begun + 30)
            assert read.stretches() == [list(range(1, len(read.seen)))]
            door.open.set()
            handover(read)
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed(AGE, joined=True)

    def test_it_goes_on_when_the_successor_is_refused(self, life, market) -> None:
        with reading(life, market, market.serve, refuse, refuse, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(lambda: read.stream.trouble)
            assert read.stream.trouble == REFUSED
            read.until(lambda: market.heard_by == 2, staleness=0.1)
            assert read.told() == [Up()]
            read.later(SHORTEST)
            assert read.until_seen(Renewed) == Renewed(AGE, joined=True)
            assert read.stream.trouble is None
        old, _ = read.stretches()
        assert old == list(range(1, old[-1] + 1))

    def test_each_failed_handover_is_logged_and_counted(self, life, market, caplog) -> None:
        with reading(life, market, market.serve, refuse, refuse, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            assert read.stream.failed_handovers == 0
            read.later(ROTATE_AFTER)
            read.until(lambda: market.heard_by == 2, staleness=0.1)
            assert read.stream.failed_handovers == 2
            read.later(SHORTEST)
            read.until_seen(Renewed)
            assert read.stream.failed_handovers == 2
        assert caplog.messages == [f"Handover failed: {REFUSED}"] * 2

    def test_it_goes_on_when_the_successor_is_cut_off(self, life, market) -> None:
        def cut(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, trade(1)), farewell(1001))
            stay(peer)

        with reading(life, market, market.serve, cut) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(lambda: read.stream.trouble)
            assert read.stream.trouble == CUT
            assert read.told() == [Up()]

    def test_it_is_not_left_for_one_that_is_mute(self, life, market) -> None:
        ends = []

        def mute(peer: Peer) -> None:
            peer.upgrade()
            market.heard_by += 1
            ends.append(peer.read())

        with reading(life, market, market.serve, mute) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(lambda: market.heard_by == 2)
            read.until(lambda: read.stream.trouble, staleness=0.1)
            assert read.stream.trouble == "The connection broke: no frames since it was opened."
            assert read.told() == [Up()]
        assert ends[0][0] == CLOSE

    def test_what_nobody_expected_is_raised(self, life, market) -> None:
        def connect(url: str) -> connection.Connection:
            if market.peers:
                raise ValueError("a mistake")
            return quick(url)

        with reading(life, market, market.serve, connect=connect) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            with pytest.raises(ValueError, match="a mistake"):
                read.until_seen(Renewed)
            # It was the successor's.
            assert read.told() == [Up()]


class TestWhenTheOldOneEnds:
    def test_during_the_overlap_the_successor_takes_over_at_once(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            market.tell(farewell(1001), market.peers[0])
            assert read.until_seen(Renewed) == Renewed(CUT, joined=False)
            overlapping = market.last
            read.until(lambda: market.last == overlapping + 30)
        assert read.told() == [Up(), Renewed(CUT, joined=False)]
        old, new = read.stretches()
        assert new == list(range(new[0], new[-1] + 1))
        assert new[0] <= old[-1] + 1

    def test_while_it_connects_the_standby_takes_over_once_up(self, life, market, door) -> None:
        with reading(life, market, market.serve, door.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            market.tell(farewell(1001))
            read.until(lambda: read.stream.heard is None)
            read.next()
            assert read.told() == [Up()]
            door.open.set()
            assert read.until_seen(Renewed) == Renewed(CUT, joined=False)
            assert read.stream.heard == life.now
            read.until(lambda: market.heard_by == 2)

    def test_and_the_standby_fails_nothing_has_changed(self, life, market) -> None:
        door = Door(refuse)
        with reading(life, market, market.serve, door.serve, stay_up) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            market.tell(farewell(1001))
            read.until(lambda: read.stream.heard is None)
            door.open.set()
            down = read.until_seen(Down)
            assert down.reason == CUT
            assert 0.5 <= down.wait <= 1
            read.until_seen(Up)
        assert read.told() == [Up(), down, Up()]

    def test_a_standby_stuck_in_its_handshake_is_given_up(self, life, market, door) -> None:
        with reading(life, market, market.serve, door.serve, stay_up) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            market.tell(farewell(1001))
            read.until(lambda: read.stream.heard is None)
            life.now += UP_WITHIN + 1
            assert read.until_seen(Down).reason == CUT
            read.until_seen(Up)
            door.open.set()
            # It comes too late, and is closed.
            eventually(lambda: not successors())
            eventually(lambda: market.peers[1] in market.left)


def stay_up(peer: Peer) -> None:
    peer.upgrade()
    stay(peer)


class TestStop:
    """It is prompt in each phase, and leaves no connection open."""

    def test_while_the_successor_connects(self, life, market, door) -> None:
        with reading(life, market, market.serve, door.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            life.stop = True
            assert list(read.events) == []
            # Nobody waited for it.
            assert successors()
            eventually(lambda: market.left == market.peers)
            door.open.set()
            eventually(lambda: not successors())
            eventually(lambda: len(market.left) == 2)

    def test_during_the_overlap(self, life, market) -> None:
        with reading(life, market, market.serve, market.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            handover(read)
            life.stop = True
            assert list(read.events) == []
            eventually(lambda: not successors())
            eventually(lambda: len(market.left) == 2)

    def test_when_the_successor_is_ready(self, life, market) -> None:
        made: list[Gated] = []

        def connect(url: str) -> Gated:
            made.append(Gated(url))
            return made[-1]

        with reading(life, market, market.serve, market.serve, connect=connect) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            make_ready(read, made)
            life.stop = True
            assert all(isinstance(event, bytes | Renewed) for event in read.events)
            eventually(lambda: len(market.left) == 2)

    def test_after_the_old_one_has_ended(self, life, market, door) -> None:
        with reading(life, market, market.serve, door.serve) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(door.knocked.is_set)
            market.tell(farewell(1001))
            read.until(lambda: read.stream.heard is None)
            life.stop = True
            assert list(read.events) == []
            door.open.set()
            eventually(lambda: not successors())

    def test_while_the_next_attempt_has_to_wait(self, life, market) -> None:
        with reading(life, market, market.serve, refuse) as read:
            read.until(lambda: market.heard_by == 1)
            read.later(ROTATE_AFTER)
            read.until(lambda: read.stream.trouble)
            life.stop = True
            assert list(read.events) == []
            assert successors() == []


class TestRotation:
    """When, by the clock alone."""

    @pytest.mark.parametrize("luck", [0.0, 0.5, 1.0])
    def test_it_is_due_once_within_the_last_hours_of_the_day(self, luck) -> None:
        rotation = Rotation(lambda: luck, AttemptBudget())
        rotation.begin(1000)
        assert not rotation.due(1000 + ROTATE_AFTER - luck * SPREAD - 1)
        assert rotation.due(1000 + ROTATE_AFTER - luck * SPREAD)
        assert (rotation.reason, rotation.trusted) == (AGE, True)
        rotation.begin(90_000)
        assert not rotation.due(90_000)

    def test_until_then_there_is_nothing_to_look_at(self) -> None:
        rotation = Rotation(lambda: 0.0, AttemptBudget())
        rotation.begin(1000)
        rotation.due(1000)
        assert rotation.look_at == 1000 + ROTATE_AFTER

    def test_what_is_asked_is_read_at_once_on_one_connection(self) -> None:
        rotation = Rotation(lambda: 0.0, AttemptBudget())
        rotation.begin(1000)
        rotation.due(1000)
        rotation.ask("BTCUSDT is stale.")
        assert rotation.look_at < 1000
        assert rotation.due(1001)
        assert (rotation.reason, rotation.trusted) == ("BTCUSDT is stale.", False)
        rotation.begin(1010)
        assert not rotation.due(1010)
        assert rotation.trusted

    def test_attempts_back_off_until_a_connection_has_lasted(self) -> None:
        rotation = Rotation(lambda: 1.0, AttemptBudget())
        now = 1000.0
        rotation.begin(now)
        for wait in (1, 2, 4, 8, 16, 32, 60, 60):
            rotation.want(SHUTDOWN, now)
            assert rotation.may_try(now)
            rotation.tried(now)
            rotation.begin(now)
            assert not rotation.may_try(now + wait - 0.1)
            now += wait
        now += CEILING + 1
        rotation.want(SHUTDOWN, now)
        assert rotation.may_try(now)
        rotation.tried(now)
        assert rotation.may_try(now + 1)

    def test_one_that_is_not_trusted_is_replaced_soon_if_it_worked(self) -> None:
        rotation = Rotation(lambda: 1.0, AttemptBudget())
        now = 1000.0
        for _ in range(8):
            rotation.begin(now)
            rotation.want(SHUTDOWN, now)
            rotation.tried(now)
        rotation.begin(now)
        assert not rotation.may_try(now + 28)
        rotation.distrust("BTCUSDT is stale.", now + 28)
        assert rotation.may_try(now + 28)

    def test_failed_attempts_count_while_the_old_one_goes_on(self) -> None:
        rotation = Rotation(lambda: 1.0, AttemptBudget())
        rotation.begin(1000)
        now = 1000.0 + ROTATE_AFTER
        for wait in (1, 2, 4, 8, 16, 32, 60, 60):
            assert rotation.due(now)
            rotation.want(SHUTDOWN, now)
            rotation.tried(now)
            assert not rotation.may_try(now + wait - 0.1)
            now += wait

    def test_while_trades_are_missing_an_outage_is_not_waited_out(self) -> None:
        rotation = Rotation(lambda: 1.0, AttemptBudget())
        now = 1000.0
        rotation.begin(now)
        now += 60
        for wait in (1, 2, OUTAGE_CEILING, OUTAGE_CEILING, OUTAGE_CEILING):
            rotation.distrust("BTCUSDT is stale.", now)
            assert rotation.may_try(now)
            rotation.failed(ConnectionRefusedError(), now)
            assert not rotation.may_try(now + wait - 0.1)
            now += wait

    def test_a_good_one_waits_for_its_standby_as_before(self) -> None:
        rotation = Rotation(lambda: 1.0, AttemptBudget())
        now = 1000.0
        rotation.begin(now)
        for wait in (1, 2, 4, 8, 16, 32, CEILING, CEILING):
            rotation.want(AGE, now, lasting=inf)
            assert rotation.may_try(now)
            rotation.failed(ConnectionRefusedError(), now)
            assert not rotation.may_try(now + wait - 0.1)
            now += wait

    def test_no_standby_is_opened_beyond_the_budget(self) -> None:
        budget = AttemptBudget()
        rotation = Rotation(lambda: 0.0, budget)
        assert rotation.may_try(1000)
        while not budget.wait(1000):
            budget.spend(1000)
        assert not rotation.may_try(1000)
        assert rotation.may_try(1005)


class TestOverlap:
    """How long, by what is delivered alone."""

    @pytest.mark.parametrize(
        ("old", "new", "seconds", "verdict"),
        [
            ([5], [4], SHORTEST - 1, OverlapVerdict.WAIT),
            ([5], [4], SHORTEST, OverlapVerdict.JOINED),
            ([4], [4], SHORTEST, OverlapVerdict.JOINED),
            # Only what the new one began with counts, and the latest of the old one.
            ([5, 2], [4, 6], SHORTEST, OverlapVerdict.JOINED),
            ([3], [4], SHORTEST, OverlapVerdict.WAIT),
            ([], [4], SHORTEST, OverlapVerdict.WAIT),
            ([3], [4], LONGEST + 1, OverlapVerdict.APART),
            ([], [4], LONGEST + 1, OverlapVerdict.APART),
            ([], [], SHORTEST, OverlapVerdict.JOINED),
            ([3], [], SHORTEST, OverlapVerdict.WAIT),
            ([3], [], LONGEST + 1, OverlapVerdict.MUTE),
        ],
    )
    def test_nothing_is_missing_once_old_and_new_one_overlap(
        self, old, new, seconds, verdict
    ) -> None:
        handover = fill(Handover(), old, new)
        assert handover.verdict(seconds, full=False, trusted=True) is verdict

    def test_an_old_one_that_is_not_trusted_is_not_waited_for(self) -> None:
        handover = fill(Handover(), [3], [4])
        assert handover.verdict(SHORTEST - 1, full=False, trusted=False) is OverlapVerdict.WAIT
        assert handover.verdict(SHORTEST, full=False, trusted=False) is OverlapVerdict.APART

    def test_it_is_over_when_no_more_can_be_held(self) -> None:
        assert (
            fill(Handover(), [4], [4]).verdict(0, full=True, trusted=True) is OverlapVerdict.JOINED
        )
        assert (
            fill(Handover(), [3], [4]).verdict(0, full=True, trusted=True) is OverlapVerdict.APART
        )

    def test_earlier_ticks_of_the_old_one_show_no_mute_one(
        self,
    ) -> None:
        handover = Handover()
        handover.old(trade(3), new_is_up=False)
        # The same frame, looked at once more.
        handover.old(trade(3), new_is_up=True)
        assert handover.verdict(SHORTEST, full=False, trusted=True) is OverlapVerdict.JOINED
        handover.new(trade(3))
        assert handover.verdict(SHORTEST, full=False, trusted=True) is OverlapVerdict.JOINED

    def test_frames_that_are_no_trades_do_not_count(self) -> None:
        handover = Handover()
        for noise in (b"", b"1751531436000", b'{"result":null,"id":1}', b'{"e":"aggTrade"}'):
            handover.old(noise, new_is_up=True)
            handover.new(noise)
        assert handover.verdict(SHORTEST, full=False, trusted=True) is OverlapVerdict.JOINED
        assert (handover.first_new, handover.last_old) == (0, 0)


def fill(handover: Handover, old: list[int], new: list[int]) -> Handover:
    for number in old:
        handover.old(trade(number), new_is_up=True)
    for number in new:
        handover.new(trade(number))
    return handover


class TestPace:
    def test_endless_announcements_start_no_storm(self, life, market) -> None:
        attempts: list[float] = []
        announced: list[Peer] = []
        life.luck = 1.0

        def connect(url: str) -> connection.Connection:
            attempts.append(life.now)
            return quick(url)

        def announce(peer: Peer) -> None:
            peer.upgrade(SHUT_DOWN)
            announced.append(peer)
            stay(peer)

        with reading(life, market, *[announce] * 8, connect=connect) as read:
            while len(attempts) < 8:
                assert isinstance(read.next(), bytes | Idle | Up | Renewed)
                # Time stands still while a connection is made.
                if len(announced) == len(attempts):
                    life.now += 0.5
        waits = [later - sooner for sooner, later in pairwise(attempts)]
        for waited, wait in zip(waits, [0, 1, 2, 4, 8, 16, 32], strict=True):
            assert waited >= wait
