"""An entry of the catalogue: what a fault does, its options, how a storm draws it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

# Says what would be right, in a ValueError that continues after the option's name: "must be …".
Check = Callable[[str], object]


class FaultError(Exception):
    """An invalid fault; the message is one sentence for the user."""


def one_of(*values: str) -> Check:
    def check(text: str) -> None:
        if text not in values:
            raise ValueError(f"must be {' or '.join(values)}")

    return check


def seconds(text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < math.inf:
        raise ValueError("must be a number of seconds, like 2.5")


def whole(least: int = 1, most: int = 10**18) -> Check:
    def check(text: str) -> None:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")

    return check


def text(given: str) -> None:
    if not given:
        raise ValueError("must not be empty")


def nothing(random: Random) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Entry:
    kind: Literal["stream", "REST"]
    summary: str  # one line for --help and the docs, with the defaults of its options
    options: Mapping[str, Check] = field(default_factory=dict)
    required: tuple[str, ...] = ()  # of the options, and of seconds, count and symbol
    lasts: bool = False  # takes `seconds`
    counts: bool = False  # takes `count`
    by_symbol: bool = False  # takes `symbol`
    heavy: bool = False  # nothing gets through while it lasts: a storm has one at a time
    # The options as a storm draws them; it draws seconds, count and symbol itself. None: never
    # drawn.
    draw: Callable[[Random], dict[str, str]] | None = nothing

    def check(self, name: str, at: str, values: Mapping[str, str]) -> None:
        """Raises FaultError, which says what is wrong with them."""
        takes = self.takes()
        for key in values:
            if key not in takes:
                raise FaultError(f"{name} does not take {key}: it takes {_listed(takes)}.")
        for key in self.required:
            if key not in values:
                raise FaultError(f"{name} needs {key}=.")
        for key, value in {"at": at, **values}.items():
            try:
                {**COMMON, **self.options}[key](value)
            except ValueError as error:
                raise FaultError(f"{key} of {name} {error}, not {value!r}.") from None

    def takes(self) -> list[str]:
        common = {"seconds": self.lasts, "count": self.counts, "symbol": self.by_symbol}
        return [*self.options, *(name for name, taken in common.items() if taken)]


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "nothing"


COMMON: dict[str, Check] = {
    "at": seconds,
    "seconds": seconds,
    "count": whole(1, 100_000),  # ticks that are sent again are held in memory
    "symbol": text,
}
