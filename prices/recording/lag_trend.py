"""Whether the lag of the feed keeps growing. No clock of its own."""

# Seconds over which the smallest lag is taken: a short delay is no trend.
SPAN = 60.0

# A trend: lag that has grown in this many consecutive spans, by this many seconds in total.
TIMES = 3
GROWTH = 1.0


class LagTrend:
    """Given the lag of each batch, reports when it keeps growing. All in seconds.

    Only growth counts: with a wrong clock, or a replayed recording, the lag is constant.
    """

    def __init__(self, now: float) -> None:
        self._ends = now + SPAN
        self._least: float | None = None
        self._history: list[float] = []

    def add(self, lag: float, now: float) -> float | None:
        """The seconds by which the lag has grown, once per span while it keeps growing;
        otherwise None.
        """
        growth = None
        if now >= self._ends:
            growth = self.close()
            self._ends = now + SPAN
        self._least = lag if self._least is None else min(self._least, lag)
        return growth

    def close(self) -> float | None:
        if self._least is None:
            return None
        if self._history and self._least <= self._history[-1]:
            self._history.clear()
        self._history.append(self._least)
        self._least = None
        growth = self._history[-1] - self._history[0]
        return growth if len(self._history) > TIMES and growth >= GROWTH else None
