"""Whether two connections have overlapped long enough to close the old one. No socket, no clock."""

from enum import Enum, auto

from .messages import BadFrame, Tick, micros, parse

# Seconds for which both deliver: more than any two servers of the exchange are apart.
SHORTEST = 3

# Seconds after which the overlap ends, even if the old connection has not delivered the first trade
# of the new one.
LONGEST = 15


class Verdict(Enum):
    WAIT = auto()
    # Nothing is missing between the last frame of the old one and the first of the new one.
    JOINED = auto()
    # Something may be.
    APART = auto()
    # The new one delivers nothing, while the old one does.
    MUTE = auto()


class Handover:
    """Decides when the standby may take over.

    Nothing is missing when the old connection has delivered the trade that the new one began with,
    or one of the same instant or later. That both were open for some seconds would prove it only if
    the old one does not lag. When neither delivers anything, there is nothing to wait for.
    """

    def __init__(self) -> None:
        # Instants of the exchange's clock, in microseconds; 0 before there is one.
        self.first_new = 0
        self.last_old = 0
        self._old_speaks = False  # It has delivered something since the new one was up.

    def new(self, frame: bytes) -> None:
        self.first_new = self.first_new or traded(frame)

    def old(self, frame: bytes, *, new_is_up: bool) -> None:
        """A trade of the old connection.

        Those from before the new one was open count: it may begin with a trade that the old one,
        slightly ahead, has delivered already.
        """
        instant = traded(frame)
        if instant > self.last_old:
            self.last_old = instant
            self._old_speaks |= new_is_up

    def verdict(self, seconds: float, *, full: bool, trusted: bool) -> Verdict:
        """The verdict after `passed` seconds. `full`: no more frames can be held.

        An old connection that is not `trusted` is not waited for.
        """
        if seconds < SHORTEST and not full:
            return Verdict.WAIT
        over = full or seconds > LONGEST
        if not self.first_new:
            if not self._old_speaks:
                return Verdict.JOINED
            return Verdict.MUTE if over else Verdict.WAIT
        if self.last_old >= self.first_new:
            return Verdict.JOINED
        return Verdict.APART if over or not trusted else Verdict.WAIT


def traded(frame: bytes) -> int:
    """The trade time of a frame; 0 for a frame that is not a trade."""
    try:
        event = parse(frame)
    except BadFrame:
        return 0
    return micros(event.traded) if type(event) is Tick else 0
