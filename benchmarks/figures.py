"""Figures of many measurements, and the tables that they are told in."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

NAMES = 60
COLUMN = 12

SPREAD = ("median", "least", "most")


@dataclass
class Table:
    """Prints its heading when it is made, and each row as it is added, so that one sees how far a
    long part has come.
    """

    title: str
    columns: Sequence[str]
    rows: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        print(f"\n{self.title:{NAMES}}" + "".join(f"{column:>{COLUMN}}" for column in self.columns))

    def add(self, name: str, values: Iterable[float]) -> None:
        self.rows[name] = dict(zip(self.columns, values, strict=True))
        cells = "".join(f"{value:{COLUMN},.2f}" for value in self.rows[name].values())
        print(f"{name:{NAMES}}{cells}", flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many hundredths of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 100) - 1)]


def spread(title: str, rounds: Sequence[Mapping[str, float]]) -> Table:
    """A row a figure: median, least and most of the rounds."""
    table = Table(title, SPREAD)
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        table.add(name, (statistics.median(values), min(values), max(values)))
    return table
