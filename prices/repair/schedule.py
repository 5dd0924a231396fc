"""Which gaps are postponed because the exchange could not help with them. No clock of its own."""

from collections.abc import Iterator

from ..exchange.backoff import backoff

# Maximum seconds between two attempts at a gap whose trades REST does not have yet: it lags behind
# the streams.
BEHIND = 60.0

# At one for which REST did not answer, and for the command, which gives up after some of these.
UNANSWERED = 20.0

# The same beside a recording: REST is back within seconds of the end of an outage. A request every
# 4 s is 1 % of the rate limit.
RETRY_WITHIN = 4.0

# And at one that it does not return: days later the exchange was seen to fix its own history.
WITHHELD = 6 * 3600.0


class Schedule:
    """`now` is in seconds, monotonic. A gap that is not listed may be tried at once."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._ceilings: dict[int, float] = {}
        self._waits: dict[int, Iterator[float]] = {}

    def postpone(self, gap: int, ceiling: float, now: float) -> None:
        """Postpone a gap, each time longer than the last, up to a ceiling in seconds."""
        if self._ceilings.get(gap) != ceiling:
            self._ceilings[gap] = ceiling
            self._waits[gap] = backoff(ceiling=ceiling)
        self._until[gap] = now + next(self._waits[gap])

    def forget(self, gap: int) -> None:
        for listed in (self._until, self._ceilings, self._waits):
            listed.pop(gap, None)

    def resting(self, now: float) -> list[int]:
        return [gap for gap, until in self._until.items() if until > now]

    def postponed(self, ceiling: float) -> set[int]:
        """The gaps whose last postponement had at most this ceiling."""
        return {gap for gap, given in self._ceilings.items() if given == ceiling}
