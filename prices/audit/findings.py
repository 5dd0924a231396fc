"""What the audit of one symbol has found: all of it counted, some of it listed."""

from dataclasses import dataclass, field
from datetime import datetime

# Maximum number of lines listed per kind; the others are only counted.
LISTED = 20


@dataclass
class Kind:
    """Findings of one kind.

    `trades`: how many trades they concern, for kinds where that matters.
    """

    count: int = 0
    trades: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: str, trades: int = 0) -> None:
        self.count += 1
        self.trades += trades
        if len(self.lines) < LISTED:
            self.lines.append(line)


@dataclass
class Findings:
    """What the audit of one symbol found.

    ticks, trades, minutes: how many were read.
    void: trade ids that are missing because they never existed.
    known, unknown: gaps that the ledger had, and gaps that it did not have.
    overlaps: ticks that share trades with another tick.
    impossible, misdated: ticks with impossible values; with impossible times.
    removed: misdated ticks that were deleted.
    false: rows of the ledger whose trades are on the tape.
    candles: candles of minutes that differ from their ticks.
    coarse: coarse candles that differ from their minutes.
    explained: candles that still count trades which are missing now.
    unfilled: candles without volumes that their ticks could fill in.
    rebuilt: candles that were wrong or unfilled, and are right now.
    compared: minutes compared with the exchange's klines; None when not requested.
    differing: minutes in which the two differ.

    Where ticks were pruned:
    kept_since: the instant from which ticks are kept, UTC; None when none were pruned.
    past, past_wrong: candles whose ticks were pruned; those of them that are wrong.
    given_up: open gaps there, which are no longer repaired.
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
    strays: Kind = field(default_factory=Kind)
    strays_removed: int = 0
    false: Kind = field(default_factory=Kind)
    candles: Kind = field(default_factory=Kind)
    coarse: Kind = field(default_factory=Kind)
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
        kinds = [
            self.known,
            self.unknown,
            self.overlaps,
            self.impossible,
            self.misdated,
            self.strays,
        ]
        kinds += [self.false, self.candles, self.coarse, self.past_wrong, self.differing]
        return not any(kind.count for kind in kinds) and not self.explained
