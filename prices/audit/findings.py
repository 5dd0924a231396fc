"""What an audit has found of one symbol: counted in full, told in part."""

from dataclasses import dataclass, field
from datetime import datetime

# Lines that are told of one kind; the others are counted.
SHOWN = 20


@dataclass
class Kind:
    """Findings of one kind; `trades` are those that they are about, where that matters."""

    count: int = 0
    trades: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: str, trades: int = 0) -> None:
        self.count += 1
        self.trades += trades
        if len(self.lines) < SHOWN:
            self.lines.append(line)


@dataclass
class Findings:
    """What an audit found of one symbol.

    `void` trade ids are missing because no trade bears them. `explained` candles still count trades that are missing, `rebuilt`
    ones were wrong, or lacked something, and are right now; `unfilled` ones lack what their ticks tell. `compared` minutes were held against the exchange's;
    None when it was not asked. Where ticks were pruned: they are `kept_since` an instant, `past` candles are of minutes before,
    some of them `past_wrong`, and so many gaps are open there that nobody will fill, `given_up`.
    """

    symbol: str
    ticks: int = 0
    trades: int = 0
    minutes: int = 0
    void: int = 0
    known: Kind = field(default_factory=Kind)
    unknown: Kind = field(default_factory=Kind)
    overlaps: Kind = field(default_factory=Kind)
    impossible: Kind = field(default_factory=Kind)
    misdated: Kind = field(default_factory=Kind)
    removed: int = 0
    false: Kind = field(default_factory=Kind)
    candles: Kind = field(default_factory=Kind)
    kept_since: datetime | None = None
    past: int = 0
    past_wrong: Kind = field(default_factory=Kind)
    given_up: int = 0
    explained: int = 0
    unfilled: int = 0
    rebuilt: int = 0
    compared: int | None = None
    differing: Kind = field(default_factory=Kind)

    @property
    def is_complete(self) -> bool:
        """Nothing is missing, and nothing is wrong."""
        kinds = [self.known, self.unknown, self.overlaps, self.impossible, self.misdated]
        kinds += [self.false, self.candles, self.past_wrong, self.differing]
        return not any(kind.count for kind in kinds) and not self.explained
