"""What REST gets wrong about the past, at one instant and for one symbol."""

from dataclasses import dataclass

from .schedule import FaultSchedule

SECOND = 1_000_000  # µs


@dataclass(frozen=True)
class Lies:
    """None, unless said otherwise. `every`: each N-th aggregate; 0 for none of them."""

    lag: int = 0  # µs by which it is behind
    first_id: int = 0  # of the trades that it remembers
    omitted: tuple[int, int] | None = None  # first and last trade that it leaves out
    tombstone_every: int = 0
    twice_every: int = 0
    back_every: int = 0

    @property
    def bend_rows(self) -> bool:
        """More is wrong than that it lags."""
        return self != Lies(lag=self.lag)


def lies(faults: FaultSchedule, symbol: str) -> Lies:
    def option(name: str, key: str) -> str:
        fault = faults.lasting(name, symbol)
        return fault.options[key] if fault else "0"

    omit = faults.lasting("rest-omit", symbol)
    return Lies(
        lag=int(float(option("rest-stale", "lag")) * SECOND),
        first_id=int(option("rest-retention", "first")),
        omitted=(int(omit.options["first"]), int(omit.options["last"])) if omit else None,
        tombstone_every=int(option("tombstones", "every")),
        twice_every=int(option("twice", "every")),
        back_every=int(option("time-back", "every")),
    )
