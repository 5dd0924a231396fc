"""Decodes the frames of the feed: ticks, bad frames, and what the exchange says besides."""

import logging
from collections.abc import Callable, Iterable, Sequence

from ..exchange.messages import AggTrade, BadFrame, Reply, Shutdown, parse, parse_ticks
from .bad_frames import BadFrames, symbol_of
from .staleness import Staleness
from .symbol_log import named

logger = logging.getLogger(__name__)

# Characters that are logged of the exchange's reason for refusing a subscription.
SHOWN = 300


class FeedInterrupted(Exception):
    """A trade of any symbol may be missing here."""


class SymbolInterrupted(Exception):
    """A trade of one symbol may be missing here."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


class FrameReader:
    """Reads frames for some symbols. `asked_for` returns the symbols of a message, by its id."""

    def __init__(
        self,
        symbols: Iterable[str],
        bad_frames: BadFrames,
        staleness: Staleness,
        asked_for: Callable[[object], Sequence[str]],
    ) -> None:
        self.symbols = frozenset(symbols)
        self._bad_frames = bad_frames
        self._staleness = staleness
        self.asked_for = asked_for

    def read_all(self, events: Sequence[object]) -> list[AggTrade] | None:
        """The ticks, when the events are frames of expected ticks only, as they nearly always are.

        None otherwise: then read them one by one.
        """
        frames = [event for event in events if type(event) is bytes]
        ticks = parse_ticks(frames) if len(frames) == len(events) else None
        if ticks is not None and self.symbols.issuperset({tick.symbol for tick in ticks}):
            return ticks
        return None

    def read(self, frame: bytes) -> AggTrade | None:
        """The tick in a frame, if it has an expected one.

        Raises FeedInterrupted, or SymbolInterrupted, when the frame may have held another one.
        """
        try:
            event = parse(frame)
        except BadFrame as error:
            # Skipped: the next tick of its symbol shows, by its trade id, whether it held one.
            symbol = symbol_of(frame, self.symbols)
            self._bad_frames.add(frame, str(error), [symbol] if symbol else ())
            if symbol:
                raise SymbolInterrupted(symbol) from error
            self._staleness.unsettle()
            raise FeedInterrupted from error
        if type(event) is AggTrade:
            return self._expected(event, frame)
        if type(event) is Shutdown:
            logger.info("The exchange is about to close the connection.")
        elif type(event) is Reply and event.error is not None:
            self._refused(event)
        return None

    def _refused(self, reply: Reply) -> None:
        """Log a refused subscription. The next connection subscribes to its symbols again."""
        symbols = self.asked_for(reply.id)
        names = f" to {named(symbols)}" if symbols else ""
        error = str(reply.error)[:SHOWN]
        logger.error("The exchange rejected the subscription%s: %s", names, error)
        # No watermark is claimed for any symbol until its next tick.
        raise FeedInterrupted

    def _expected(self, tick: AggTrade, frame: bytes) -> AggTrade | None:
        """The tick, if its symbol was subscribed to. Others are bad frames."""
        if tick.symbol in self.symbols:
            return tick
        self._bad_frames.add(frame, f"{tick.symbol} was not subscribed to", [tick.symbol])
        return None
