"""Decodes the exchange's frames: bytes in, an AggTrade or a BadFrame out. No socket, no clock."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from .event_times import are_timely, untimely

# A price has up to 18 digits, 8 of them decimals; more decimals only if they are zeros, since
# nothing is rounded. A quantity has up to 24, so that a minute of ten thousand of them still fits
# its candle. Neither is ever zero in a trade: the exchange writes zeros into the tombstones of
# withdrawn ones. Each pattern matches in one way only: where a digit could belong to either of two
# parts, one wrong number among many would take too long to refuse. And it finds that way at once:
# the exchange writes eight decimals, so these are tried first.
NUMBER = r"(?=[0.]*[1-9])[0-9]{1,%d}(?:\.(?:[0-9]{8}0*|[0-9]{1,7}))?"
PRICE, QUANTITY = (NUMBER % digits for digits in (10, 16))

# Trade ids count up from 0 for each symbol; 2^44 is beyond what any will ever reach. Tombstones
# have -1.
MAX_TRADE_ID = (1 << 44) - 2

# Maximum number of trades in one aggTrade. One order was seen to make some hundreds at one price;
# the sum of a minute must fit its candle.
MAX_TRADES = 1_000_000

# Times are integers: milliseconds below 10^14, microseconds from there on. Both units then cover
# 1973 to 5138.
FIRST_TIME = 10**11
MICROSECONDS_FROM = 10**14
LAST_TIME = 10**17

TradeId = Annotated[int, Meta(ge=0, le=MAX_TRADE_ID)]
Time = Annotated[int, Meta(ge=FIRST_TIME, lt=LAST_TIME)]


class BadFrame(ValueError):
    """A frame that is neither a trade nor anything else that is known. The message says why."""


class AggTrade(Struct, frozen=True, gc=False, tag_field="e", tag="aggTrade"):
    """An aggTrade: fills of one order at one price and one instant, trades `first` to `last`.

    Price and quantity are the exchange's own digits; `checked` validates them. `traded` is the
    trade time and `sent` the event time; read them through `micros`.
    """

    symbol: str = field(name="s")
    first: TradeId = field(name="f")
    last: TradeId = field(name="l")
    price: str = field(name="p")
    quantity: str = field(name="q")
    traded: Time = field(name="T")
    sent: Time = field(name="E")
    # True: the seller was the taker. None: unknown, as in old files.
    is_buyer_maker: bool | None = field(name="m", default=None)


class Shutdown(Struct, frozen=True, tag_field="e", tag="serverShutdown"):
    """The server is about to close the connection."""


class Reply(Struct, frozen=True):
    """The answer to a control message: `error` when it was refused."""

    id: int | str | None = None
    result: Any = None
    error: Any = None


class Combined(Struct, frozen=True, gc=False):
    """A frame of a combined stream."""

    data: AggTrade | Shutdown


def micros(time: int) -> int:
    """A time of the exchange in microseconds since 1970, whichever unit it came in."""
    return time if time >= MICROSECONDS_FROM else time * 1000


def all_micros(times: list[int]) -> list[int]:
    """What `micros` returns for each of some times; at once if they are microseconds already."""
    if min(times, default=MICROSECONDS_FROM) >= MICROSECONDS_FROM:
        return times
    return [micros(time) for time in times]


# What decoding raises: also on text that is not UTF-8, and on a frame nested more deeply than
# Python's stack.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

decode_combined = msgspec.json.Decoder(Combined).decode
decode_raw = msgspec.json.Decoder(AggTrade | Shutdown).decode
decode_any = msgspec.json.Decoder(dict[str, Any]).decode


is_price, is_quantity = (re.compile(number).fullmatch for number in (PRICE, QUANTITY))

# The same for many at once, each at the end of its line: one by one, they take longer than the
# decoding.
are_prices, are_quantities = (
    re.compile(rf"(?:{number}\n)*").fullmatch for number in (PRICE, QUANTITY)
)


def checked(tick: AggTrade) -> AggTrade:
    """The tick, if its numbers and times are valid. Raises BadFrame."""
    if not is_price(tick.price):
        raise BadFrame(
            f"{tick.price!r} is not a price above 0 with at most 10 digits and 8 decimals"
        )
    if not is_quantity(tick.quantity):
        raise BadFrame(
            f"{tick.quantity!r} is not a quantity above 0 with at most 16 digits and 8 decimals"
        )
    if not 0 <= tick.last - tick.first < MAX_TRADES:
        raise BadFrame(f"trades {tick.first} to {tick.last} are not a valid range for one aggTrade")
    if wrong := untimely(micros(tick.traded), micros(tick.sent)):
        raise BadFrame(wrong)
    return tick


def parse(frame: bytes) -> AggTrade | Shutdown | Reply:
    """Decode a frame of a combined or of a raw stream. Raises BadFrame."""
    try:
        event: AggTrade | Shutdown | Reply = decode_combined(frame).data
    except UNREADABLE as error:
        event = parse_other(frame, error)
    return checked(event) if type(event) is AggTrade else event


def parse_ticks(frames: Sequence[bytes]) -> list[AggTrade] | None:
    """What `parse` returns for each frame, if all are valid trades of a combined stream.

    Otherwise None, also when their times are in different units: then parse them one by one. This
    is several times as fast, and nearly always possible.
    """
    try:
        ticks: list[Any] = [decode_combined(frame).data for frame in frames]
    except UNREADABLE:
        return None
    if set(map(type, ticks)) != {AggTrade}:
        return None
    prices, quantities = (
        "\n".join(numbers) + "\n"
        for numbers in ([tick.price for tick in ticks], [tick.quantity for tick in ticks])
    )
    lengths = [tick.last - tick.first for tick in ticks]
    if (
        are_prices(prices)
        and are_quantities(quantities)
        # None contains a line break, which would make two numbers of one.
        and prices.count("\n") == quantities.count("\n") == len(ticks)
        and min(lengths) >= 0
        and max(lengths) < MAX_TRADES
        and are_in_time(ticks)
    ):
        return ticks
    return None


def are_in_time(ticks: Sequence[AggTrade]) -> bool:
    """Whether all times are valid, and in one unit."""
    traded = [tick.traded for tick in ticks]
    delays = [tick.sent - tick.traded for tick in ticks]
    if traded[0] >= MICROSECONDS_FROM:
        # Among these, milliseconds would be long before Binance opened.
        return are_timely(traded, delays, 1)
    return max(traded) < MICROSECONDS_FROM and are_timely(traded, delays, 1000)


def parse_other(frame: bytes, error: Exception) -> AggTrade | Shutdown | Reply:
    """Decode the rare frames: replies, errors, and events of raw streams. Raises BadFrame.

    error: why it is not a frame of a combined stream.
    """
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
    raise BadFrame("neither a trade nor a reply")


def parse_raw(frame: bytes) -> AggTrade | Shutdown:
    try:
        event: AggTrade | Shutdown = decode_raw(frame)
    except UNREADABLE as error:
        raise BadFrame(str(error)) from None
    return event
