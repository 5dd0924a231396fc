"""Why a candle differs from what its ticks make. No database."""

from ..folded_candle import FoldedCandle
from .scan_rows import Difference

# Columns that were added later: NULL in candles that are older than they are.
ADDED_LATER = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")


def is_unfilled(difference: Difference) -> bool:
    """Whether the candle only lacks columns that its ticks can fill in.

    Such a candle is older than these columns, and right in all others.
    """
    made, kept = difference.made, difference.kept
    if made is None or kept is None:
        return False
    lacking = [name for name in ADDED_LATER if getattr(kept, name) is None]
    return kept._replace(**{name: getattr(made, name) for name in lacking}) == made


def is_explained(difference: Difference) -> bool:
    """Whether the candle also counts ticks that are now missing, and known to be.

    It becomes right when repair brings them back.
    """
    made, kept = difference.made, difference.kept
    if kept is None:
        return False
    excess = kept.trades - (made.trades if made else 0)
    return 0 < excess <= difference.missing and (made is None or is_part(made, kept))


def is_part(made: FoldedCandle, kept: FoldedCandle) -> bool:
    """Whether more trades, and nothing else, could turn `made` into `kept`."""
    return (
        kept.high >= made.high
        and kept.low <= made.low
        and kept.volume > made.volume
        and (
            kept.first_trade < made.first_trade
            or (kept.first_trade, kept.open) == (made.first_trade, made.open)
        )
        and (
            kept.last_trade > made.last_trade
            or (kept.last_trade, kept.close) == (made.last_trade, made.close)
        )
        and (kept.quote_volume is None or kept.quote_volume > (made.quote_volume or 0))
        and all(
            # None in `made` means unknown for some tick: then it is unknown for `kept` as well.
            kept_volume is None or (made_volume is not None and kept_volume >= made_volume)
            for kept_volume, made_volume in (
                (kept.taker_buy_volume, made.taker_buy_volume),
                (kept.taker_buy_quote_volume, made.taker_buy_quote_volume),
            )
        )
    )
