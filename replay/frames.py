"""Trades as WebSocket text frames, many to a chunk.

At full speed recorders are measured against this exchange. One template filled per trade, and whole
chunks written, let one core send more frames than a client can take.
"""

import struct
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple, TypeVar

from .clock import LAG
from .ledger import Market

# Keys and their order are the real exchange's.
PAYLOAD = (
    '{"e":"aggTrade","E":%%d,"s":"%(symbol)s","a":%%d,"p":"%%s","q":"%%s",'
    '"f":%%d,"l":%%d,"T":%%d,%%s}'
)
COMBINED = '{"stream":"%(stream)s","data":' + PAYLOAD + "}"
SHUTDOWN = '{"e":"serverShutdown","E":%d}'
COMBINED_SHUTDOWN = '{"stream":"!serverShutdown","data":%s}'
# By the flags of a recording: bit 0 the buyer was the maker, bit 1 best match.
FLAGS = (
    '"m":false,"M":false',
    '"m":true,"M":false',
    '"m":false,"M":true',
    '"m":true,"M":true',
)
TEXT_FRAME = 0x81  # FIN and opcode 1: an unmasked text frame of one piece

Text = TypeVar("Text")


class Dialect(NamedTuple):
    """How one connection is spoken to."""

    combined: bool
    microseconds: bool


class Slice(NamedTuple):
    """The trades of one market from number `start` to before `stop`."""

    market: Market
    start: int
    stop: int


def chunk(slices: list[Slice], dialect: Dialect) -> bytes:
    """All the trades of these slices as frames, in order of time."""
    texts = [text for part in slices for text in _texts(part, dialect)]
    if len(slices) > 1:
        texts = _by_time(slices, texts)
    return framed(texts)


def told(slices: list[Slice], dialect: Dialect) -> list[tuple[str, bytes]]:
    """The same one by one, as symbol and text."""
    texts = [(part.market.symbol, text) for part in slices for text in _texts(part, dialect)]
    return _by_time(slices, texts)


def framed(texts: Iterable[bytes]) -> bytes:
    return b"".join([HEADERS[len(text)] + text for text in texts])


def shutdown_text(time: int, dialect: Dialect, *, combined: bool) -> bytes:
    """The announcement that the connection is about to be closed."""
    event = SHUTDOWN % (time if dialect.microseconds else time // 1000)
    return (COMBINED_SHUTDOWN % event if combined else event).encode()


def _by_time(slices: Iterable[Slice], texts: list[Text]) -> list[Text]:
    times = [
        time + run.time
        for market, start, stop in slices
        for run in market.runs(start, stop)
        for time in market.recording.times[run.start : run.stop]
    ]
    # Each slice is in order already, and merging such stretches is what Python's sort does best.
    return [text for _, text in sorted(zip(times, texts, strict=True), key=itemgetter(0))]


def _texts(part: Slice, dialect: Dialect) -> list[bytes]:
    rec = part.market.recording
    template = _template(rec.symbol, dialect)
    unit = 1 if dialect.microseconds else 1000
    texts: list[bytes] = []
    for start, stop, agg_ids, trade_ids, moved in part.market.runs(part.start, part.stop):
        rows = zip(
            rec.agg_ids[start:stop],
            rec.prices[start:stop],
            rec.quantities[start:stop],
            rec.first_ids[start:stop],
            rec.last_ids[start:stop],
            rec.times[start:stop],
            rec.flags[start:stop],
            strict=True,
        )
        texts += [
            (
                template
                % (
                    (time + moved + LAG) // unit,
                    agg_id + agg_ids,
                    price,
                    quantity,
                    first_id + trade_ids,
                    last_id + trade_ids,
                    (time + moved) // unit,
                    FLAGS[flags],
                )
            ).encode()
            for agg_id, price, quantity, first_id, last_id, time, flags in rows
        ]
    return texts


def _template(symbol: str, dialect: Dialect) -> str:
    shape = COMBINED if dialect.combined else PAYLOAD
    return shape % {"symbol": symbol, "stream": f"{symbol.lower()}@aggTrade"}


def _header(length: int) -> bytes:
    if length < 126:
        return struct.pack("!BB", TEXT_FRAME, length)
    return struct.pack("!BBH", TEXT_FRAME, 126, length)


# No trade makes a longer text: a symbol has at most 50 characters, a number at most 29.
HEADERS = [_header(length) for length in range(1024)]
