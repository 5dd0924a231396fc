"""The exchange's limits: rolling windows, pings and pongs, request weight."""

import pytest

from replay.limits import Heartbeat, Limits, RollingWindow, Weights

MIDNIGHT = 1_723_161_600.0  # seconds of the epoch, on a whole minute


def test_a_window_rolls():
    window = RollingWindow(events=2, seconds=1)
    assert [window.admit(now) for now in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [
        *(True, True, False),
        *(True, False, True),
    ]


def test_pings_fall_due_at_their_interval():
    beat = Heartbeat(Limits(), now=0)
    assert (beat.due(19.9), beat.due(20), beat.next_event()) == (False, True, 20)
    beat.ping(20, b"1")
    assert (beat.due(39.9), beat.due(40), beat.next_event()) == (False, True, 40)


def test_a_client_is_lost_after_60_seconds_without_pong():
    beat = Heartbeat(Limits(), now=0)
    for now in (20, 40, 60):
        beat.ping(now, str(now).encode())
    assert (beat.lost(79.9), beat.lost(80), beat.next_event()) == (False, True, 80)


@pytest.mark.parametrize("payload", [b"", b"20 ", b"60"])
def test_only_a_pong_with_the_payload_of_its_ping_counts(payload):
    beat = Heartbeat(Limits(), now=0)
    beat.ping(20, b"20")
    beat.pong(payload)
    assert beat.lost(80)
    beat.pong(b"20")
    assert not beat.lost(80)


def test_weight_is_counted_by_the_minute():
    weights = Weights(Limits(weight=10))
    assert weights.spend(6, MIDNIGHT + 58) is None
    assert weights.spend(4, MIDNIGHT + 59) is None
    assert weights.used == 10
    assert weights.spend(4, MIDNIGHT + 60) is None
    assert weights.used == 4


def test_too_much_weight_is_refused_until_the_minute_ends():
    weights = Weights(Limits(weight=10))
    weights.spend(10, MIDNIGHT)
    refusal = weights.spend(1, MIDNIGHT + 17.5)
    assert (refusal.status, refusal.retry_after) == (429, 43)
    assert "current limit is 10 request weight per 1 MINUTE." in refusal.message
    assert weights.spend(1, MIDNIGHT + 17.5 + refusal.retry_after) is None


def test_whoever_goes_on_is_banned_for_longer_each_time():
    weights = Weights(Limits(weight=10, tolerated=2))
    weights.spend(10, MIDNIGHT)
    refusals = [weights.spend(1, MIDNIGHT + 1) for _ in range(5)]
    assert [refusal.status for refusal in refusals] == [429, 429, 429, 418, 418]
    assert refusals[-1].retry_after == 120
    assert f"IP banned until {int(MIDNIGHT + 121) * 1000}." in refusals[-1].message
    # A new minute does not lift a ban.
    assert weights.spend(1, MIDNIGHT + 120.5).status == 418
    assert weights.spend(10, MIDNIGHT + 121) is None
    assert [weights.spend(1, MIDNIGHT + 122) for _ in range(4)][-1].retry_after == 240


def test_no_ban_is_longer_than_three_days():
    weights = Weights(Limits(weight=0, tolerated=0))
    now, longest = MIDNIGHT, 0
    for _ in range(20):
        weights.spend(1, now)
        longest = weights.spend(1, now).retry_after
        now += longest
    assert longest == 3 * 24 * 3600
