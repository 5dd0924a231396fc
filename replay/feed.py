"""What one connection is still to be sent: its position in the ledger, for each market."""

from bisect import bisect_right

from .frames import Slice
from .ledger import ENDLESS, Market

# Trades per market, on average, that are worth a pass over all markets.
WORTHWHILE = 10


class Feed:
    """Sends each trade once, however slow or fast its client reads."""

    def __init__(self) -> None:
        self._places: dict[Market, int] = {}
        self._unbroken: dict[Market, int] = {}  # since when nothing was left out

    def listen(self, markets: list[Market], since: int) -> None:
        """Listen to these markets only; a new one begins with the first trade after `since`."""
        self._places = {
            market: self._places[market] if market in self._places else market.count_until(since)
            for market in markets
        }
        self._unbroken = {
            market: self._unbroken.get(market, place) for market, place in self._places.items()
        }

    def broken(self) -> None:
        """Some trades that were taken did not reach the client."""
        self._unbroken = dict(self._places)

    def latest(self, count: int, symbol: str) -> list[Slice]:
        """The last trades of each market, or of one, that the client was sent."""
        return [
            Slice(market, max(place - count, self._unbroken[market]), place)
            for market, place in self._places.items()
            if symbol in ("", market.symbol)
        ]

    def next_time(self) -> int | None:
        """When the next trade happens; None when there is none to come."""
        return min((market.time_of(place) for market, place in self._waiting()), default=None)

    def take(self, horizon: int, about: int) -> list[Slice]:
        """The next trades up to the horizon.

        A few more than `about` when many share an instant, or there are many markets.
        """
        waiting = self._waiting()
        if not waiting:
            return []
        share = max(WORTHWHILE, about // len(waiting))
        until = self._end(waiting, horizon, share)
        slices = []
        for market, place in waiting:
            stop = min(market.count_until(until), market.size)
            if stop > place:
                slices.append(Slice(market, place, stop))
                self._places[market] = stop
        return slices

    def _waiting(self) -> list[tuple[Market, int]]:
        return [(market, place) for market, place in self._places.items() if place < market.size]

    def _end(self, waiting: list[tuple[Market, int]], horizon: int, share: int) -> int:
        """The instant to take trades up to.

        Not beyond the horizon, and with about `share` of each market.
        """
        ends = {min(horizon, self._time_after(market, place, share)) for market, place in waiting}
        if len(ends) == 1:
            return ends.pop()

        def ticks(end: int) -> int:
            return sum(market.count_until(end) - place for market, place in waiting)

        ordered = sorted(ends)
        # Where some markets are much busier than others, the earliest instant leaves most of them
        # with no trade.
        return ordered[max(0, bisect_right(ordered, share * len(waiting), key=ticks) - 1)]

    @staticmethod
    def _time_after(market: Market, place: int, ticks: int) -> int:
        """The time of the last of the next trades."""
        if place + ticks > market.size:
            return ENDLESS
        return market.time_of(place + ticks - 1)
