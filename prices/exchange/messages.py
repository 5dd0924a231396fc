"""What the exchange's frames say: bytes in, a Tick out, or a BadFrame that says why not. No socket, no clock."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

# A price has 18 digits at most, 8 of them decimals; more decimals only if they are zeros, as nothing is rounded. A
# quantity has 24, so that a minute of ten thousand such still fits its candle. Neither is ever zero in a trade: the
# exchange writes zeros into the tombstones of withdrawn ones.
PricePattern = r"^(?=[0-9.]*[1-9])[0-9]{1,10}(\.[0-9]{1,8}0*)?\Z"
QuantityPattern = r"^(?=[0-9.]*[1-9])[0-9]{1,16}(\.[0-9]{1,8}0*)?\Z"

# Raw trade ids count up from 0 for each symbol; 2^44 is beyond what any will ever reach. Tombstones bear -1.
MAX_TRADE_ID = (1 << 44) - 2

# Raw trades in one tick. One order was seen to make some hundreds at one price; a minute's sum must fit its candle.
MAX_TRADES = 1_000_000

# Times are integers: milliseconds below 10^14, microseconds from there on. Both units then cover 1973 to 5138.
FIRST_TIME = 10**11
MICROSECONDS_FROM = 10**14
LAST_TIME = 10**17

TradeId = Annotated[int, Meta(ge=0, le=MAX_TRADE_ID)]
Time = Annotated[int, Meta(ge=FIRST_TIME, lt=LAST_TIME)]


class BadFrame(ValueError):
    """A frame that is no tick and nothing else that is known. The message says why."""


class Tick(Struct, frozen=True, gc=False, tag_field="e", tag="aggTrade"):
    """An aggregate trade: fills of one order at one price and one instant, raw trades `first` to `last`.

    Price and quantity are the exchange's own digits. `traded` is when the match happened, `sent` when the stream
    server made the event; read them through `micros`.
    """

    symbol: str = field(name="s")
    first: TradeId = field(name="f")
    last: TradeId = field(name="l")
    price: Annotated[str, Meta(pattern=PricePattern)] = field(name="p")
    quantity: Annotated[str, Meta(pattern=QuantityPattern)] = field(name="q")
    traded: Time = field(name="T")
    sent: Time = field(name="E")


class Shutdown(Struct, frozen=True, tag_field="e", tag="serverShutdown"):
    """The server is about to close the connection."""


class Reply(Struct, frozen=True):
    """The answer to a control message: `error` when it was refused."""

    id: int | str | None = None
    result: Any = None
    error: Any = None


class Combined(Struct, frozen=True, gc=False):
    """A frame of a combined stream."""

    data: Tick | Shutdown


def micros(time: int) -> int:
    """A time of the exchange in microseconds since 1970, whichever unit it came in."""
    return time if time >= MICROSECONDS_FROM else time * 1000


# What decoding raises: also on text that is no UTF-8, and on a frame nested more deeply than Python's stack.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

decode_combined = msgspec.json.Decoder(Combined).decode
decode_raw = msgspec.json.Decoder(Tick | Shutdown).decode
decode_any = msgspec.json.Decoder(dict[str, Any]).decode


def parse(frame: bytes) -> Tick | Shutdown | Reply:
    """Read a frame of a combined or of a raw stream. Raises BadFrame."""
    try:
        event: Tick | Shutdown | Reply = decode_combined(frame).data
    except UNREADABLE as error:
        event = parse_other(frame, error)
    if type(event) is Tick and not 0 <= event.last - event.first < MAX_TRADES:
        raise BadFrame(f"trades {event.first} to {event.last} are none or too many for one tick")
    return event


def parse_other(frame: bytes, error: Exception) -> Tick | Shutdown | Reply:
    """The frames that are rare: replies, errors, and events that are not wrapped."""
    try:
        found = decode_any(frame)
    except UNREADABLE as broken:
        raise BadFrame(str(broken)) from None
    if "data" in found:
        raise BadFrame(str(error)) from None
    if "e" in found:
        return parse_raw(frame)
    if "code" in found and "msg" in found:
        # Some servers send their errors unwrapped.
        return Reply(found.get("id"), error=found)
    if "result" in found or "error" in found:
        return Reply(found.get("id"), found.get("result"), found.get("error"))
    raise BadFrame("neither an event nor a reply")


def parse_raw(frame: bytes) -> Tick | Shutdown:
    try:
        event: Tick | Shutdown = decode_raw(frame)
    except UNREADABLE as error:
        raise BadFrame(str(error)) from None
    return event
