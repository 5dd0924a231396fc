"""Whether the feed falls behind more and more. No clock of its own."""

# Seconds over which the least lag is taken: a short delay is no trend.
SPAN = 60.0

# A trend: lag that has grown in this many consecutive spans, by this many seconds in total.
TIMES = 3
GROWTH = 1.0


class Lag:
    """Given the lag of each batch, reports when it keeps growing. All in seconds.

    Only growth counts: with a wrong clock, or a replayed recording, the lag is constant.
    """

    def __init__(self, now: float) -> None:
        self.ends = now + SPAN
        self.least: float | None = None
        self.history: list[float] = []

    def add(self, lag: float, now: float) -> float | None:
        """The seconds by which the lag has grown, once per span while it keeps growing;
        otherwise None.
        """
        growth = None
        if now >= self.ends:
            growth = self.close()
            self.ends = now + SPAN
        self.least = lag if self.least is None else min(self.least, lag)
        return growth

    def close(self) -> float | None:
        if self.least is None:
            return None
        if self.history and self.least <= self.history[-1]:
            self.history.clear()
        self.history.append(self.least)
        self.least = None
        growth = self.history[-1] - self.history[0]
        return growth if len(self.history) > TIMES and growth >= GROWTH else None
