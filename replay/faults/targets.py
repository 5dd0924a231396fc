"""The open connections, and the faults that affect them."""

import asyncio
from typing import Protocol

from .fault import Fault
from .schedule import Agenda

# Faults that are over as soon as they have occurred, and those that last on the connections they
# affected.
MOMENTS = frozenset({"close", "reset", "fin", "shutdown", "replay"})
SPELLS = frozenset({"mute", "half-open"})

# How soon a fault affects connections that send nothing; otherwise it is checked before trades are
# sent.
CHECK_INTERVAL = 0.02  # seconds


class Victim(Protocol):
    def listens_to(self, symbol: str) -> bool:
        """Whether a fault of this symbol, or of all when it is empty, can still affect it."""

    def hit(self, fault: Fault) -> None: ...


class Stage:
    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._victims: set[Victim] = set()
        self._waiting: list[Fault] = []

    def enter(self, victim: Victim) -> None:
        self._victims.add(victim)
        for fault in self._agenda.all_lasting("mute"):
            if fault.options.get("everywhere") == "yes":
                victim.hit(fault)

    def leave(self, victim: Victim) -> None:
        self._victims.discard(victim)

    def play(self) -> None:
        """Apply the faults that are due; while there is no connection, they wait."""
        if self._agenda.is_empty:
            return
        self._waiting += self._agenda.due(MOMENTS | SPELLS)
        self._waiting = [
            fault
            for fault in self._waiting
            if self._agenda.stands(fault) and not self._comes_upon_somebody(fault)
        ]

    async def watch(self) -> None:
        while True:
            self.play()
            await asyncio.sleep(CHECK_INTERVAL)

    def _comes_upon_somebody(self, fault: Fault) -> bool:
        victims = [victim for victim in self._victims if victim.listens_to(fault.symbol)]
        for victim in victims:
            victim.hit(fault)
        if victims:
            self._agenda.has_hit(fault, over=fault.name in MOMENTS)
        return bool(victims)
