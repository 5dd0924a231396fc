"""A fault: one thing that goes wrong."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong. `at`: seconds of real time after the first client came; `seconds`: how long it lasts;
    `count`: how many frames, answers or rows it hits; `symbol`: whom it hits, all when empty; `options`: what else it takes.
    """

    name: str
    at: float = 0.0
    seconds: float = math.inf
    count: int = 1
    symbol: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def hits(self, symbol: str) -> bool:
        return self.symbol in ("", symbol)
