"""A fault: one thing that goes wrong."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    `at`: seconds of real time after the first client connected; `seconds`: how long it lasts;
    `count`: how many frames, responses or rows it affects; `symbol`: which symbol it affects, all
    when empty; `options`: its other options.
    """

    name: str
    at: float = 0.0
    seconds: float = math.inf
    count: int = 1
    symbol: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def hits(self, symbol: str) -> bool:
        return self.symbol in ("", symbol)
