"""How many attempts to connect a recorder makes. No socket, no clock of its own."""

from math import inf

# Attempts in any PERIOD seconds that one recorder makes at most. The exchange allows 300 in 5
# minutes per IP address: four recorders may share one.
MOST = 75
PERIOD = 300.0

# How many of these may follow each other without a pause: what a lost connection and a failed
# handover need for their first, short pauses.
BURST = 6

# Attempts per second after that: one in 4.35 s, within the 5 s in which a recorder is back.
RATE = (MOST - BURST) / PERIOD


class AttemptBudget:
    """A token bucket for the attempts of one recorder, standby connections included.

    In any PERIOD seconds it holds BURST + RATE * PERIOD tokens, which is MOST, whatever succeeds or
    fails. `now` is in seconds, monotonic.
    """

    def __init__(self) -> None:
        self._left = float(BURST)
        self._at: float | None = None
        self._paused_until = -inf

    def wait(self, now: float) -> float:
        """Seconds until an attempt may be made; 0: now."""
        self._refill(now)
        return max(0.0, (1 - self._left) / RATE, self._paused_until - now)

    def pause(self, seconds: float, now: float) -> None:
        """Allow no attempt for some seconds: neither a reconnect nor a standby."""
        self._paused_until = max(self._paused_until, now + seconds)

    def spend(self, now: float) -> None:
        """Count an attempt, which is about to be made."""
        self._refill(now)
        self._left -= 1

    def give_back(self) -> None:
        """The last attempt did not leave this network: the exchange has not seen it."""
        self._left = min(self._left + 1, BURST)

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._left = min(self._left + max(0.0, now - self._at) * RATE, BURST)
        self._at = now
