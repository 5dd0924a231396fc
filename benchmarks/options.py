"""What the one who measures may choose."""

from typing import NamedTuple


class Options(NamedTuple):
    """`seconds` a measurement lasts, of which there are so many `rounds`; `sizes` of the tapes that
    are asked, in ticks.
    """

    seconds: float
    rounds: int
    sizes: tuple[int, ...]
