"""Figures of many measurements, and the tables that they are told in."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

NAMES = 60
COLUMN = 12


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many hundredths of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 100) - 1)]


def heading(title: str, columns: Iterable[str]) -> None:
    print(f"{title:{NAMES}}" + "".join(f"{column:>{COLUMN}}" for column in columns))


def row(name: str, values: Iterable[float]) -> None:
    print(f"{name:{NAMES}}" + "".join(f"{value:{COLUMN},.2f}" for value in values), flush=True)


def spread(title: str, rounds: Sequence[Mapping[str, float]]) -> None:
    """A row a figure: median, least and most of the rounds."""
    heading(title, ("median", "least", "most"))
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        row(name, (statistics.median(values), min(values), max(values)))
    print()
