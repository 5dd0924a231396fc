"""The open connections, and the faults that affect them."""

import asyncio
from typing import Protocol

from .fault import Fault
from .schedule import FaultSchedule

# Faults that are over as soon as they have occurred, and those that last on the connections they
# affected.
MOMENTS = frozenset({"close", "reset", "fin", "shutdown", "replay"})
SPELLS = frozenset({"mute", "half-open"})

# How soon a fault affects connections that send nothing; otherwise it is checked before trades are
# sent.
CHECK_INTERVAL = 0.02  # seconds


class FaultTarget(Protocol):
    def listens_to(self, symbol: str) -> bool:
        """Whether a fault of this symbol, or of all when it is empty, can still affect it."""

    def hit(self, fault: Fault) -> None: ...


class FaultTargets:
    def __init__(self, schedule: FaultSchedule) -> None:
        self._schedule = schedule
        self._targets: set[FaultTarget] = set()
        self._waiting: list[Fault] = []

    def enter(self, target: FaultTarget) -> None:
        self._targets.add(target)
        for fault in self._schedule.all_lasting("mute"):
            if fault.options.get("everywhere") == "yes":
                target.hit(fault)

    def leave(self, target: FaultTarget) -> None:
        self._targets.discard(target)

    def play(self) -> None:
        """Apply the faults that are due; while there is no connection, they wait."""
        if self._schedule.is_empty:
            return
        self._waiting += self._schedule.due(MOMENTS | SPELLS)
        self._waiting = [
            fault
            for fault in self._waiting
            if self._schedule.stands(fault) and not self._hits_any(fault)
        ]

    async def watch(self) -> None:
        while True:
            self.play()
            await asyncio.sleep(CHECK_INTERVAL)

    def _hits_any(self, fault: Fault) -> bool:
        targets = [target for target in self._targets if target.listens_to(fault.symbol)]
        for target in targets:
            target.hit(fault)
        if targets:
            self._schedule.has_hit(fault, over=fault.name in MOMENTS)
        return bool(targets)
