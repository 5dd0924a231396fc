"""A backfill from REST as a command runs it: one symbol after another."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from pricetracker.process.signals import StopRequest

from ..exchange import exchange_info
from ..exchange.agg_trades import ROWS, WEIGHT, AggTrades
from ..exchange.rate_limit import MINUTE, SHARE
from ..exchange.rest import Rest
from ..exchange.rest_errors import Refused, Stopped, Unanswered
from ..formats.counts import counted
from ..recording.reconnecting import ReconnectingTape
from .archive_job import Show
from .estimate import Estimate
from .missing_spans import Lack, is_registered, lacking
from .rest_range import Range, locate
from .rest_walk import Walk
from .retries import Retries


class Wish(NamedTuple):
    """From when to when, `end` not included; None: until now."""

    start: datetime
    end: datetime | None
    newest_first: bool = True


class RestJob:
    """say: takes a line about what could not be fetched. show: see `Show`."""

    def __init__(
        self,
        rest: Rest,
        symbols: Sequence[str],
        wish: Wish,
        *,
        say: Callable[[str], None],
        show: Show,
        stop: StopRequest,
        rows: int = ROWS,
    ) -> None:
        self._rest = rest
        self._symbols = symbols
        self._wish = wish
        self._say = say
        self._show = show
        self._stop = stop
        self._rows = rows
        self._retries = Retries(stop, stop.wait)

    def run(self, tape: ReconnectingTape, *, dry_run: bool) -> tuple[list[str], bool]:
        """The result, a line per symbol; and whether each range is whole, or could be read."""
        told: list[str] = []
        whole = True
        try:
            listed = self._retries(lambda: exchange_info.look_up(self._rest, self._symbols))
            for symbol in self._symbols:
                try:
                    line, is_whole = self._symbol(tape, symbol, dry_run=dry_run)
                except Refused as error:
                    unlisted = symbol in listed.unlisted
                    self._say(listed.refusal([symbol]) if unlisted else f"{symbol}: {error}")
                    whole = False
                    continue
                told.append(line)
                whole = whole and is_whole
        except Stopped:
            whole = False
        except Unanswered as error:
            self._say(f"{error} Run this command again later.")
            whole = False
        return told, whole and not self._stop()

    def _symbol(self, tape: ReconnectingTape, symbol: str, *, dry_run: bool) -> tuple[str, bool]:
        trades = AggTrades(self._rest, symbol, self._rows)
        wanted = self._retries(lambda: locate(self._rest, trades, self._wish.start, self._wish.end))
        if wanted is None:
            return f"{symbol}: the exchange has no trades in that time.", True
        if not wanted.is_beginning:
            self._say(
                f"{symbol}: trade {wanted.first} is the first that the exchange's REST API still "
                "returns; files of its archive have what came before."
            )
        if dry_run and not tape.insist(lambda opened: is_registered(opened, symbol)):
            return str(self._estimate(symbol, wanted.ends - wanted.begins)), True
        tape.symbols = list(dict.fromkeys([*tape.symbols, symbol]))
        tape.insist(lambda opened: opened.register(tape.symbols))
        lack = tape.insist(lambda opened: lacking(opened, symbol, wanted))
        walk = Walk(
            tape,
            trades,
            wanted,
            start=self._wish.start,
            step=Steps(symbol, lack.trades, self._show).take,
            retries=self._retries,
            stopped=self._stop,
        )
        if dry_run:
            stretches = map(walk.stretch, lack.spans)
            ticks = sum(stretch.ends - stretch.begins for stretch in stretches)
            return str(self._estimate(symbol, ticks)), True
        self._walk(walk, lack)
        left = tape.insist(lambda opened: lacking(opened, symbol, wanted))
        return self._result(walk, wanted, left)

    def _walk(self, walk: Walk, lack: Lack) -> None:
        newest_first = self._wish.newest_first
        try:
            for missing in reversed(lack.spans) if newest_first else lack.spans:
                if self._stop():
                    return
                walk.run(walk.stretch(missing), newest_first=newest_first)
        except Unanswered as error:
            self._say(f"{walk.tally.symbol}: {error} Run this command again later.")
        except Stopped:
            return

    def _result(self, walk: Walk, wanted: Range, left: Lack) -> tuple[str, bool]:
        if left.pruned:
            self._say(
                f"{walk.tally.symbol}: {counted(left.pruned, 'trade')} in a pruned range, which is "
                "not filled again."
            )
        is_whole = wanted.is_beginning and not left.spans and not left.pruned
        return walk.tally.told(left.trades, len(left.spans)), is_whole

    def _estimate(self, symbol: str, ticks: int) -> Estimate:
        weight = WEIGHT * -(-ticks // (self._rows - 1))
        allowed = self._rest.rate_limiter.limit * SHARE
        return Estimate(symbol, ticks, weight, weight / allowed * MINUTE)


class Steps:
    """How much of what was missing has been fetched."""

    def __init__(self, symbol: str, missing: int, show: Show) -> None:
        self._symbol = symbol
        self._missing = missing or 1
        self._show = show
        self._covered = 0

    def take(self, ticks: int, covered: int) -> None:
        self._covered += covered
        self._show(self._symbol, ticks, min(1.0, self._covered / self._missing))
