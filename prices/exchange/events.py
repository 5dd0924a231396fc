"""What a feed yields: frames, and among them, in order, the events of the connection."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Up:
    """A connection is open, and frames will follow."""


@dataclass(frozen=True)
class Idle:
    """Nothing arrived during one read."""


@dataclass(frozen=True)
class Down:
    """The connection was lost or could not be made; the next attempt comes after `wait` seconds."""

    reason: str
    wait: float


@dataclass(frozen=True)
class Renewed:
    """Handed over to a new connection.

    `joined`: both delivered for a while, and nothing is missing.
    """

    reason: str
    joined: bool


Event = bytes | Up | Idle | Down | Renewed
