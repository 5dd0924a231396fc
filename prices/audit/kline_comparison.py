"""The tape compared with the exchange's own klines, minute by minute."""

from datetime import datetime
from itertools import islice

from pricetracker.process.progress import Progress

from ..exchange import klines
from ..exchange.klines import Kline
from ..exchange.rest import Rest
from ..folded_candle import FoldedCandle
from ..formats.counts import counted
from ..formats.instants import iso
from ..minutes import MINUTE
from . import wording
from .findings import Findings
from .scan import Scan

# Klines compared per query: so many minutes of a busy market have a million ticks.
KLINES = 500


class KlineComparison:
    """Compares the candles that the ticks of one symbol make with klines from REST."""

    def __init__(self, rest: Rest, scan: Scan, findings: Findings, progress: Progress) -> None:
        self._rest = rest
        self._scan = scan
        self._findings = findings
        self._progress = progress

    def run(self) -> None:
        """Compare the minutes that are wholly on the tape. Raises what `Rest.get` raises.

        A kline is final once the exchange has one of a later minute.
        """
        self._findings.compared = 0
        with self._scan.snapshot():
            whole = self._scan.whole_minutes()
        if whole is None:
            return
        start, stop = whole
        published = klines.minutes(self._rest, self._findings.symbol, start, stop + MINUTE)
        waiting: list[Kline] = []
        while batch := list(islice(published, KLINES)):
            *settled, last = waiting + batch
            self._compare(settled, start, last.minute)
            start, waiting = last.minute, [last]

    def _compare(self, settled: list[Kline], start: datetime, stop: datetime) -> None:
        """Compare all minutes from `start` up to, not including, `stop`.

        settled: the klines that the exchange has of them.
        """
        theirs = {kline.minute: kline for kline in settled}
        with self._scan.snapshot():
            ours = self._scan.minutes(start, stop)
            unlike = {
                minute: line
                for minute in sorted(ours.keys() | theirs.keys())
                if (line := difference(ours.get(minute), theirs.get(minute)))
            }
            torn = self._scan.torn(list(unlike))
        self._findings.compared = (self._findings.compared or 0) + len(theirs.keys() - torn)
        for minute, line in unlike.items():
            if minute not in torn:
                self._findings.differing.add(f"minute {iso(minute)}: {line}")
        place = f"{self._findings.symbol}: klines up to {iso(stop)}"
        self._progress.tell(place, 0, self._scan.part(stop))


def difference(ours: FoldedCandle | None, theirs: Kline | None) -> str:
    """In which fields the two differ, in words; empty when they are equal."""
    if theirs is None:
        return "the tape has ticks, but the exchange has no kline"
    if ours is None:
        return (
            f"no ticks, but the exchange counts {counted(theirs.trades, 'trade')}"
            if theirs.trades
            else ""
        )
    # Klines have no trade ids, and their quote volumes are rounded to the digits of the quote
    # asset: neither is compared.
    rest = (ours.quote_volume, ours.taker_buy_volume, ours.taker_buy_quote_volume)
    ids = (ours.first_trade, ours.last_trade)
    kline = FoldedCandle(ours.symbol, ours.minute, *ids, theirs.trades, *theirs.values, *rest)
    return wording.apart(ours, kline, "the exchange has", "its ticks make")
