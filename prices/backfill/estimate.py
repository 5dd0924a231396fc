"""What a backfill would cost, in words."""

from datetime import timedelta
from typing import NamedTuple

from ..formats.counts import counted
from ..formats.sizes import BYTES_PER_TICK, size


class Estimate(NamedTuple):
    """weight: of requests to REST. seconds: how long it would take."""

    symbol: str
    ticks: int
    weight: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.symbol}: {counted(self.ticks, 'tick')} at most, about "
            f"{size(self.ticks * BYTES_PER_TICK)} on disk, request weight {self.weight:,}, "
            f"about {timedelta(seconds=round(self.seconds))} (h:mm:ss)."
        )
