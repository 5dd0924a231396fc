"""The pruner: takes the oldest ticks of one symbol off the tape, in small steps, for as long as there are any."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from ..recording.tape import Pruned, Tape

# Ticks that go in one transaction: recorders wait for it, 4 milliseconds as a rule, 12 at the most, as measured.
AT_ONCE = 5_000

# Ticks that are counted in one look, which nobody waits for.
COUNTED_AT_ONCE = 200_000

# Seconds at most between two steps.
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
    """Each step that was committed. Between two it rests for as long as the last one took: the disk is there for others, too."""
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
    """The same steps, of which none is made."""
    start = 0
    while (step := tape.prunable(symbol, cutoff, start, at_once)).ticks and step.kept is not None:
        yield step
        start = step.kept
