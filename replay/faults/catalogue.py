"""The catalogue: every fault, by name."""

import math
from collections.abc import Mapping

from .entry import COMMON, Entry, FaultError
from .fault import Fault
from .rest_catalogue import REST
from .stream_catalogue import STREAMS

CATALOGUE: dict[str, Entry] = {**STREAMS, **REST}


def check(fault: Fault) -> None:
    """Raises FaultError, with one sentence, when the fault is unknown or invalid."""
    values = dict(fault.options)
    if fault.seconds != math.inf:
        values["seconds"] = f"{fault.seconds}"
    if fault.count != 1:
        values["count"] = f"{fault.count}"
    if fault.symbol:
        values["symbol"] = fault.symbol
    _entry(fault.name).check(fault.name, f"{fault.at}", values)


def parsed(name: str, at: str, values: Mapping[str, str]) -> Fault:
    """A fault from text, checked in the same way."""
    _entry(name).check(name, at, values)
    return Fault(
        name=name,
        at=float(at),
        seconds=float(values.get("seconds", math.inf)),
        count=int(values.get("count", 1)),
        symbol=values.get("symbol", ""),
        options={key: text for key, text in values.items() if key not in COMMON},
    )


def _entry(name: str) -> Entry:
    try:
        return CATALOGUE[name]
    except KeyError:
        raise FaultError(f"{name!r} is not a fault: there are {', '.join(CATALOGUE)}.") from None
