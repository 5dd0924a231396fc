"""The pace of one symbol: how long it may be quiet. No clock of its own."""

# Seconds of the past from which the pace is computed, and the number of parts it is counted in.
PAST = 600.0
PARTS = 10

# A symbol that is quiet for this many usual pauses is stale. By chance that happens once in 22,000
# pauses ...
PAUSES = 10

# ... but never before this many seconds.
SHORTEST = 15.0

# Seconds after a connection was opened at which symbols without a frame on it are checked.
SETTLING_IN = 10.0

# Minimum seconds for which a passed check counts, however busy the symbol was before: trades that
# its stream does not deliver are known within these. With one check per two seconds some twenty
# symbols can be checked this often; hundreds take turns, and are `unknown` in between.
COUNTS_FOR = 60.0

# And maximum seconds. In between, a check counts for ten usual pauses of the symbol.
LONGEST = 3600.0

# The next check is due after this share of that time, so that it has passed before the end. The
# rest leaves time for ten other checks.
RECHECK_AFTER = 2 / 3

# Maximum number of failures that are counted. The pause between two attempts doubles with each, and
# reaches any ceiling before.
MOST_FAILURES = 10

# Maximum seconds between two attempts at a check that failed, also while REST is unavailable.
RETRY_WITHIN = 5.0

# The same when the exchange rejects the request itself, for example for a delisted symbol.
REFUSED_RETRY_WITHIN = 60.0

# Seconds after a handover for which a quiet symbol keeps its watermark from the old connection. A
# check of it on the new one is due much sooner; this leaves time for the checks of other quiet
# symbols.
HANDOVER_COUNTS_FOR = 120.0


class InterArrival:
    """The ticks and checks of one symbol. All times are in seconds, monotonic."""

    def __init__(self, now: float) -> None:
        self._watched_from = now
        self.last = now
        # When each part began, and its ticks. Replaced as a whole: another thread may be reading.
        self._parts: tuple[tuple[float, int], ...] = ()
        # When the last check passed, None if a tick has arrived since; and for how long it counts.
        self.checked: float | None = None
        self._counts_for = COUNTS_FOR
        self.looking_until = now
        self.fresh = True  # No tick yet on this connection.
        # When the present connection took over in a handover; None once it has delivered a tick of
        # this symbol.
        self.handed_over: float | None = None
        # Consecutive failed checks, when the last one failed, and when the next one may be made.
        self.failures = 0
        self.refused = False
        self.failed_at = 0.0
        self.retry_at = now

    def ticked(self, ticks: int, now: float) -> None:
        """Ticks have arrived."""
        self.last = now
        self.checked = None
        self.fresh = False
        self._passed()
        if self._parts and now - self._parts[-1][0] < PAST / PARTS:
            began, count = self._parts[-1]
            self._parts = (*self._parts[:-1], (began, count + ticks))
        else:
            recent = (part for part in self._parts if now - part[0] <= PAST)
            self._parts = (*recent, (now, ticks))

    def looked(self, taken: float) -> None:
        """A check passed whose response came at `taken`.

        It says nothing new about a symbol that has ticked since.
        """
        if taken >= self.last:
            usual = PAUSES * self.pause(taken)
            self._counts_for = min(max(usual, COUNTS_FOR), LONGEST)
            self.checked = taken
        if self.handed_over is None or taken >= self.handed_over:
            self._passed()

    def _passed(self) -> None:
        self.handed_over = None
        self.failures = 0
        self.refused = False

    def failed(self, now: float, *, refused: bool) -> None:
        """A check failed, which proves nothing: what was due stays due."""
        ceiling = REFUSED_RETRY_WITHIN if refused else RETRY_WITHIN
        self.retry_at = now + min(2.0**self.failures, ceiling)
        self.refused = refused
        self.failures = min(self.failures + 1, MOST_FAILURES)
        self.failed_at = now
        self.looking_until = now

    def connected(self, now: float) -> None:
        """A new connection was opened."""
        self.last, self.checked, self.fresh, self.handed_over = now, None, True, None
        self.retry_at = now

    def pause(self, now: float) -> float:
        """The usual seconds between two ticks, without the present pause.

        Over the time that the symbol has been watched, if that is shorter than PAST.
        """
        began = max(self._watched_from, self.last - PAST)
        ticks = sum(count for _, count in self._parts)
        return (min(now, began + PAST) - began) / max(ticks, 1)

    @property
    def evidence(self) -> float:
        """When its tape was last known complete, by a tick or a check."""
        return self.last if self.checked is None else self.checked

    def _left(self, now: float, share: float = 1.0) -> float:
        """Seconds for which the last tick or check still counts, or a share of a check's time."""
        if (checked := self.checked) is not None:
            return checked + share * self._counts_for - now
        quiet_for = SETTLING_IN if self.fresh else max(SHORTEST, PAUSES * self.pause(now))
        return self.last + quiet_for - now

    def is_overdue(self, now: float) -> bool:
        """Whether it is stale: quiet for longer than its pace explains."""
        handed_over = self.handed_over
        if handed_over is not None and now - handed_over > HANDOVER_COUNTS_FOR:
            return True
        return self._left(now) < 0

    def is_due(self, now: float) -> bool:
        """Whether it is to be checked, which is before it is stale."""
        handed_over = self.handed_over
        if handed_over is not None and now - handed_over > SETTLING_IN:
            return True
        return self._left(now, RECHECK_AFTER) < 0
