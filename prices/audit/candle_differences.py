"""Why a candle is not what its ticks make. No database."""

from .scan_rows import Difference, Folded

# What candles of before do not know, of that which is made of ticks.
UNKNOWN_BEFORE = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")


def is_unfilled(difference: Difference) -> bool:
    """The candle lacks some of what its ticks tell now, and is right in all else: it was made before that was kept."""
    made, kept = difference.made, difference.kept
    if made is None or kept is None:
        return False
    lacking = [name for name in UNKNOWN_BEFORE if getattr(kept, name) is None]
    return kept._replace(**{name: getattr(made, name) for name in lacking}) == made


def is_explained(difference: Difference) -> bool:
    """The candle was made from its ticks and from others, which are known to be missing: once they are back it is right."""
    made, kept = difference.made, difference.kept
    if kept is None:
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
        and (kept.quote_volume is None or kept.quote_volume > (made.quote_volume or 0))
        and all(
            # It can know no more than the ticks that are left.
            kept_volume is None or (made_volume is not None and kept_volume >= made_volume)
            for kept_volume, made_volume in (
                (kept.taker_buy_volume, made.taker_buy_volume),
                (kept.taker_buy_quote_volume, made.taker_buy_quote_volume),
            )
        )
    )
