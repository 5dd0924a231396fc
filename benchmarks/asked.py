"""The questions asked of one tape, round after round, and the tables of that."""

import statistics
from collections.abc import Sequence

from .figures import Table, percentile, spread
from .grown import Grown
from .inside import NOTHING, Asked, Times, asking
from .options import Options
from .over_http import AT_ONCE, asking_site, crowding_site
from .tracker import Tracker

SHARES = ("median", "99 %", "99.9 %", "samples")

# By size and question, what its database time is in the middle, in milliseconds.
Medians = dict[str, dict[str, float]]


def in_turns(
    running: Tracker, grown: Grown, at: str, options: Options, medians: Medians
) -> list[Table]:
    inside: list[Asked] = []
    over_http: list[Times] = []
    rates: list[dict[str, float]] = []
    for _ in range(options.rounds):
        inside.append(running.measure(asking, grown, options.seconds))
        over_http.append(running.measure(asking_site, running.url, grown, options.seconds))
        rates.append(running.measure(crowding_site, running.url, grown, options.seconds))
    database = pooled([each.database for each in inside])
    medians[at] = {name: statistics.median(times) for name, times in database.items()}
    return [
        spread(f"meanwhile {at}", [{"ticks recorded a second": each.rate} for each in inside]),
        shares(f"database time {at}, ms", database),
        shares(f"in Python {at}, ms", pooled([each.python for each in inside])),
        shares(f"over HTTP {at}, ms", pooled(over_http)),
        spread(f"over HTTP {at}, median, times {NOTHING}", list(map(against_nothing, over_http))),
        spread(f"answers a second {at}, {AT_ONCE} lines", rates),
    ]


def against_nothing(times: Times) -> dict[str, float]:
    middle = {name: statistics.median(each) for name, each in times.items()}
    return {name: took / middle[NOTHING] for name, took in middle.items() if name != NOTHING}


def pooled(rounds: Sequence[Times]) -> Times:
    return {name: [time for each in rounds for time in each[name]] for name in rounds[0]}


def shares(title: str, times: Times) -> Table:
    table = Table(title, SHARES)
    for name, each in times.items():
        table.add(name, (*(percentile(each, share) for share in (50, 99, 99.9)), len(each)))
    return table


def tape(grown: Grown, at: str) -> Table:
    table = Table(f"the tape {at}", ("figure",))
    table.add("ticks", (grown.ticks,))
    table.add("days", ((grown.ends - grown.begins).total_seconds() / 86_400,))
    table.add("seconds that its growth took", (grown.seconds,))
    return table


def growth(medians: Medians) -> Table:
    """How much slower the questions become."""
    smallest, *larger = medians
    table = Table(f"database time, median, times that {smallest}", tuple(medians[smallest]))
    for at in larger:
        table.add(at, (medians[at][name] / took for name, took in medians[smallest].items()))
    return table
