"""Candles whose ticks were pruned: whether their trade ids join, up to the ticks that are kept."""

from collections.abc import Sequence

from pricetracker.process.progress import Progress

from ..formats.instants import iso
from ..intervals import Span, common, joined, size, without
from ..minutes import EPOCH
from ..recording.tape import Tape
from . import wording
from .candle_clusters import CandleCluster, between, clusters
from .findings import Findings
from .ledger_check import OPEN, VOID, cut
from .scan import Scan
from .scan_rows import KeptFrom, LedgerRow
from .tick_audit import take_unknown

# Candles per query.
CANDLES = 10_000


class PrunedCandleAudit:
    """Runs after the audit of the ticks, when the gap ledger knows which of them are missing."""

    def __init__(self, tape: Tape, scan: Scan, findings: Findings, progress: Progress) -> None:
        self._tape = tape
        self._scan = scan
        self._findings = findings
        self._progress = progress

    def run(self, *, candles: int = CANDLES) -> None:
        """Read the candles `candles` at a time.

        Each query begins with the last cluster of the one before, which may have been cut in two.
        """
        start, more = EPOCH, True
        while more:
            with self._scan.snapshot():
                kept = self._scan.kept()
                past = self._scan.history(start, kept.first, candles) if kept else []
                if kept is None or not past:
                    return
                found = clusters(past)
                rows = self._scan.ledger(found[0].first, max(kept.first, found[-1].after))
            more = len(past) == candles
            self._judge(found[:-1] if more else found, kept, rows)
            self._join(found if more else [*found, CandleCluster.at(kept)], rows)
            start = found[-1].starts
            self._progress.tell(
                f"{self._findings.symbol}: candles of pruned ticks up to {iso(start)}", 0
            )
            # All of them are one cluster: read more to see where it ends.
            candles *= 2 if len(found) == 1 else 1

    def _judge(
        self, found: Sequence[CandleCluster], kept: KeptFrom, rows: Sequence[LedgerRow]
    ) -> None:
        """Check that each cluster counts as many trades as it has ids.

        Trades that are missing now may or may not be among those that it counts.
        """
        missing, void = spans(rows, OPEN), spans(rows, VOID)
        for cluster in found:
            self._findings.past += len(cluster.candles)
            below = [(cluster.first, min(cluster.after, kept.first) - 1)]
            most = size(below) - size(common(below, void))
            least = most - size(common(below, missing))
            # The last cluster may reach into the ticks that are kept, where trades may be missing
            # as well.
            above = [(kept.first, max(cluster.after, kept.first) - 1)]
            lost = size(common(above, missing))
            if not least <= cluster.trades <= most + lost:
                self._findings.past_wrong.add(wording.cluster(cluster, most))
            for candle in cluster.candles:
                if not candle.is_sound:
                    self._findings.past_wrong.add(wording.past(candle))

    def _join(self, found: Sequence[CandleCluster], rows: Sequence[LedgerRow]) -> None:
        """Add ids missing between clusters to the ledger, unless it has them."""
        holes = list(between(found))
        known = joined(row.span for row in rows)
        unknown = cut(holes, without([(hole.first, hole.last) for hole in holes], known))
        take_unknown(unknown, self._findings, self._tape)


def spans(rows: Sequence[LedgerRow], status: str) -> list[Span]:
    """The trade ids of the rows with a status."""
    return joined(row.span for row in rows if row.status == status)
