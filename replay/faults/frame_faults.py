"""The effect of faults on the trades of one connection. Knows no socket."""

from collections.abc import Iterable

from .fault import Fault
from .schedule import FaultSchedule

GARBAGE = b"<html>502 Bad Gateway</html>"

# The effects on single frames.
FRAME_FAULTS = frozenset({"skip", "double", "swap", "truncate", "garbage"})


class FrameFaults:
    def __init__(self, schedule: FaultSchedule) -> None:
        self._schedule = schedule
        self._mutes: list[Fault] = []
        self._held: dict[str, bytes] = {}  # by symbol: a tick that the next one overtakes
        self.has_lost = False  # something that was to be sent will not be

    def mute(self, fault: Fault) -> None:
        self._mutes.append(fault)

    def is_at_work(self) -> bool:
        """Whether trades must be looked at one by one."""
        self._mutes = [fault for fault in self._mutes if self._schedule.stands(fault)]
        return bool(self._mutes or self._held) or self._schedule.any_lasting(FRAME_FAULTS)

    def apply(self, ticks: Iterable[tuple[str, bytes]]) -> list[bytes]:
        """What is sent instead of these trades, each given as symbol and text."""
        self.has_lost = False
        return [text for symbol, tick in ticks for text in self._in_place_of(symbol, tick)]

    def release(self) -> list[bytes]:
        """What was held back for a next trade, should none come."""
        held, self._held = list(self._held.values()), {}
        return held

    def _in_place_of(self, symbol: str, tick: bytes) -> list[bytes]:
        schedule = self._schedule
        if any(fault.hits(symbol) for fault in self._mutes) or schedule.use("skip", symbol):
            self.has_lost = True
            return []
        sent = []
        if schedule.use("garbage", symbol):
            sent.append(GARBAGE)
        if schedule.use("truncate", symbol):
            self.has_lost = True
            tick = _half(tick)
        overtaken = self._held.pop(symbol, None)
        if overtaken is None and schedule.use("swap", symbol):
            self._held[symbol] = tick
            return sent
        sent.append(tick)
        if schedule.use("double", symbol):
            sent.append(tick)
        if overtaken is not None:
            sent.append(overtaken)
        return sent


def _half(text: bytes) -> bytes:
    """Cut between two characters: a frame must be UTF-8, whatever else it is."""
    whole = text.decode()
    return whole[: len(whole) // 2].encode()
