"""Why a candle is not what its ticks make. No database."""

from .rows import Difference, Folded


def is_explained(difference: Difference) -> bool:
    """The candle was made from its ticks and from others, which are known to be missing: once they are back it is right."""
    made, kept = difference.made, difference.kept
    if kept is None or not difference.in_place:
        return False
    excess = kept.trades - (made.trades if made else 0)
    return 0 < excess <= difference.missing and (made is None or is_part(made, kept))


def is_part(made: Folded, kept: Folded) -> bool:
    """More trades, and nothing else, could make the one from the other."""
    return (
        kept.high >= made.high
        and kept.low <= made.low
        and kept.volume > made.volume
        and (kept.first < made.first or (kept.first, kept.open) == (made.first, made.open))
        and (kept.last > made.last or (kept.last, kept.close) == (made.last, made.close))
    )
