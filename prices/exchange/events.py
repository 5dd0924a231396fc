"""What a feed hands over: frames, and in their place among them what happens to the connection."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Up:
    """A connection stands, and frames will follow."""


@dataclass(frozen=True)
class Idle:
    """Nothing arrived for a beat."""


@dataclass(frozen=True)
class Down:
    """The connection is lost or could not be made; the next attempt comes after `wait` seconds."""

    reason: str
    wait: float


@dataclass(frozen=True)
class Renewed:
    """A new connection has taken over from the one before. `joined`: both delivered for a while, and nothing is missing."""

    reason: str
    joined: bool


Event = bytes | Up | Idle | Down | Renewed
