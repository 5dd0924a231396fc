"""The streams to subscribe to: in the URL, and those that do not fit into it in messages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from urllib.parse import quote

# Maximum characters of a URL: the servers cut it off at some 8,000.
URL_CEILING = 7_500

# Maximum number of streams on one connection, by the exchange's rules.
MAX_STREAMS = 1024

# Streams in one SUBSCRIBE: messages of twice as many have failed without an error.
NAMES_A_MESSAGE = 200


@dataclass(frozen=True)
class Subscription:
    """The URL to connect to, and the messages to send then.

    `asked_for` maps the id of each message to the symbols that it asks for.
    """

    url: str
    messages: tuple[str, ...]
    asked_for: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def symbols_of(self, id: object) -> tuple[str, ...]:
        """The symbols of the message with this id; empty when there is no such message."""
        return self.asked_for.get(id, ()) if isinstance(id, int) else ()


def aggregate_trades(base_url: str, symbols: Sequence[str]) -> Subscription:
    """Every trade of some symbols, in microseconds.

    Raises ValueError for more symbols than a connection carries. Stream names are in lower case:
    the exchange accepts others and sends nothing.
    """
    if len(symbols) > MAX_STREAMS:
        recorders = ceil(len(symbols) / MAX_STREAMS)
        raise ValueError(
            f"{len(symbols)} symbols are too many: a connection carries up to "
            f"{MAX_STREAMS}. Run `stream_prices` {recorders} times on the same "
            "database, each with different symbols."
        )
    names = [f"{symbol.lower()}@aggTrade" for symbol in symbols]
    head = f"{base_url}/stream?timeUnit=MICROSECOND&streams="
    in_url, length = 0, len(head)
    for name in names:
        length += len(quote(name, safe="@")) + 1
        if length > URL_CEILING:
            break
        in_url += 1
    url = head + "/".join(quote(name, safe="@") for name in names[:in_url])
    left = range(in_url, len(names), NAMES_A_MESSAGE)
    chunks = {id: slice(at, at + NAMES_A_MESSAGE) for id, at in enumerate(left, start=1)}
    return Subscription(
        url,
        tuple(subscribe(names[chunk], id) for id, chunk in chunks.items()),
        {id: tuple(symbols[chunk]) for id, chunk in chunks.items()},
    )


def subscribe(names: list[str], id: int) -> str:
    return json.dumps({"method": "SUBSCRIBE", "params": names, "id": id})
