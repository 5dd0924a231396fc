"""Whether two connections have delivered the same for long enough to leave the old one. No socket, no clock."""

from enum import Enum, auto

from .messages import BadFrame, Tick, micros, parse

# Seconds for which both deliver: more than any two servers of the exchange are apart.
SHORTEST = 3

# Seconds after which it is over, even if what the new one began with has not been seen on the old one.
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
    """Nothing is missing when the old connection has delivered what the new one began with: a trade of the same instant
    or of a later one. That both were up for some seconds would prove it only of an old one that does not lag.

    In a market where neither delivers anything there is nothing to wait for.
    """

    def __init__(self) -> None:
        # Instants of the exchange's clock, in microseconds; 0 before there is one.
        self.first_new = 0
        self.last_old = 0
        self.old_speaks = False  # It has delivered something since the new one was up.

    def new(self, frame: bytes) -> None:
        self.first_new = self.first_new or traded(frame)

    def old(self, frame: bytes, *, new_is_up: bool) -> None:
        """From before the new one is up: it may begin with what the old one, a little ahead, has delivered already."""
        instant = traded(frame)
        if instant > self.last_old:
            self.last_old = instant
            self.old_speaks |= new_is_up

    def verdict(self, seconds: float, *, full: bool, trusted: bool) -> Verdict:
        """After so many seconds. `full`: no more can be held. An old one that is not `trusted` is not waited for."""
        if seconds < SHORTEST and not full:
            return Verdict.WAIT
        over = full or seconds > LONGEST
        if not self.first_new:
            if not self.old_speaks:
                return Verdict.JOINED
            return Verdict.MUTE if over else Verdict.WAIT
        if self.last_old >= self.first_new:
            return Verdict.JOINED
        return Verdict.APART if over or not trusted else Verdict.WAIT


def traded(frame: bytes) -> int:
    """When the trade in a frame was made; 0 for a frame that is no trade."""
    try:
        event = parse(frame)
    except BadFrame:
        return 0
    return micros(event.traded) if type(event) is Tick else 0
