"""Decides when two connections have overlapped long enough. No socket, no clock."""

from enum import Enum, auto

from .messages import AggTrade, BadFrame, micros, parse

# Minimum seconds of overlap: more than any two servers of the exchange differ.
SHORTEST = 3

# Maximum seconds of overlap, even if the old connection has not delivered the first trade of the
# new one.
LONGEST = 15


class OverlapVerdict(Enum):
    WAIT = auto()
    # Hand over: nothing is missing between the old connection and the new one.
    JOINED = auto()
    # Hand over: something may be missing.
    APART = auto()
    # The new connection delivers nothing, while the old one does: drop the new one.
    MUTE = auto()


class Handover:
    """Compares the trades of two connections.

    Nothing is missing when the old connection has delivered the first trade of the new one, or one
    of the same instant or later. That both were open for some seconds proves it only if the old one
    does not lag. When neither delivers anything, there is nothing to wait for.
    """

    def __init__(self) -> None:
        # Instants of the exchange's clock, in microseconds; 0 before there is one.
        self.first_new = 0
        self.last_old = 0
        self._old_speaks = False  # It has delivered something since the new one was up.

    def new(self, frame: bytes) -> None:
        """A frame of the new connection."""
        self.first_new = self.first_new or traded(frame)

    def old(self, frame: bytes, *, new_is_up: bool) -> None:
        """A frame of the old connection.

        Frames from before the new one was open count as well: it may begin with a trade that the
        old one, slightly ahead, has delivered already.
        """
        instant = traded(frame)
        if instant > self.last_old:
            self.last_old = instant
            self._old_speaks |= new_is_up

    def verdict(self, seconds: float, *, full: bool, trusted: bool) -> OverlapVerdict:
        """The verdict after `seconds` of overlap.

        full: no more frames can be held.
        trusted: False for an old connection that is not worth waiting for.
        """
        if seconds < SHORTEST and not full:
            return OverlapVerdict.WAIT
        over = full or seconds > LONGEST
        if not self.first_new:
            if not self._old_speaks:
                return OverlapVerdict.JOINED
            return OverlapVerdict.MUTE if over else OverlapVerdict.WAIT
        if self.last_old >= self.first_new:
            return OverlapVerdict.JOINED
        return OverlapVerdict.APART if over or not trusted else OverlapVerdict.WAIT


def traded(frame: bytes) -> int:
    """The trade time of a frame; 0 for a frame that is not a trade."""
    try:
        event = parse(frame)
    except BadFrame:
        return 0
    return micros(event.traded) if type(event) is AggTrade else 0
