"""Deletes the oldest ticks of one symbol, in small steps."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from ..recording.tape import Pruned, Tape

# Ticks per transaction. Recorders of the symbol wait for it: usually 4 ms, at most 12 ms as
# measured.
AT_ONCE = 5_000

# Ticks counted per query, for which nobody waits.
COUNTED_AT_ONCE = 200_000

# Maximum seconds between two steps.
LONGEST_REST = 1.0


def prune(
    tape: Tape,
    symbol: str,
    cutoff: datetime,
    *,
    at_once: int = AT_ONCE,
    rest: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Pruned]:
    """Delete the ticks of `symbol` that no answer from `cutoff` on needs.

    Yields each step after its commit. Between two steps it pauses for as long as the last one took,
    so that half of the disk's time is left to others. Raises one of AWAY when the database is
    unavailable.
    """
    while True:
        begun = clock()
        step = tape.prune(symbol, cutoff, at_once)
        if not step.ticks:
            return
        yield step
        rest(min(clock() - begun, LONGEST_REST))


def survey(
    tape: Tape, symbol: str, cutoff: datetime, *, at_once: int = COUNTED_AT_ONCE
) -> Iterator[Pruned]:
    """The steps that `prune` would take, without deleting anything."""
    start = 0
    while (step := tape.prunable(symbol, cutoff, start, at_once)).ticks and step.kept is not None:
        yield step
        start = step.kept
