"""A storm: random faults of all kinds at random times, without end, the same for the same seed."""

from collections.abc import Collection, Iterator, Sequence
from random import Random

from .catalogue import CATALOGUE
from .entry import Entry, seconds
from .fault import Fault

# Seconds from one fault to the next, and how long one lasts or waits for a connection.
GAP = (0.5, 3)
DURATION = (0.2, 5)

MOST = 50  # frames, answers or rows


def storm(
    seed: int, symbols: Sequence[str], *, scale: float = 1, names: Collection[str] = CATALOGUE
) -> Iterator[Fault]:
    """Draws from these faults, for these symbols; `scale` makes all times longer or shorter.

    Heavy faults come one at a time, so that a client always has a way to continue.
    """
    random = Random(seed)  # noqa: S311 - chance that can be repeated, not secrets
    drawable = {
        name: entry for name, entry in CATALOGUE.items() if name in names and entry.draw is not None
    }
    light = [name for name, entry in drawable.items() if not entry.heavy]
    at = 0.0
    calm = 0.0  # when the heavy fault is over
    while True:
        at = round(at + random.uniform(*GAP) * scale, 3)
        choice = list(drawable) if at >= calm else light
        if not choice:
            at = calm
            continue
        name = random.choice(choice)
        fault = _draw(name, drawable[name], at, random, symbols, scale)
        if drawable[name].heavy:
            calm = at + fault.seconds
        yield fault


def _draw(
    name: str, entry: Entry, at: float, random: Random, symbols: Sequence[str], scale: float
) -> Fault:
    options = entry.draw(random) if entry.draw else {}
    for option, text in options.items():
        if entry.options[option] is seconds:
            options[option] = f"{float(text) * scale:.3f}"
    return Fault(
        name=name,
        at=at,
        seconds=round(random.uniform(*DURATION) * scale, 3),
        count=random.randint(1, MOST) if entry.counts else 1,
        symbol=random.choice(symbols) if entry.by_symbol and random.random() < 0.5 else "",
        options=options,
    )
