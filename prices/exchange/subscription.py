"""Which streams to ask for, and how: in the URL, and what does not fit there in messages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

# Characters. The servers cut off URLs of some 8,000.
URL_CEILING = 7_500

# Streams on one connection, by the exchange's rule.
MAX_STREAMS = 1024

# Streams in one SUBSCRIBE: messages of twice as many have failed without a word.
NAMES_A_MESSAGE = 200


@dataclass(frozen=True)
class Subscription:
    """The URL to connect to, and the messages to send then."""

    url: str
    messages: tuple[str, ...]


def aggregate_trades(base_url: str, symbols: Sequence[str]) -> Subscription:
    """Every trade of some symbols, in microseconds. Raises ValueError for more symbols than a connection carries.

    Names of streams are in lower case: the exchange takes others and stays silent.
    """
    if len(symbols) > MAX_STREAMS:
        raise ValueError(
            f"{len(symbols)} symbols are too many: a connection carries {MAX_STREAMS}."
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
    rest = names[in_url:]
    chunks = [rest[i : i + NAMES_A_MESSAGE] for i in range(0, len(rest), NAMES_A_MESSAGE)]
    return Subscription(
        url, tuple(subscribe(chunk, id) for id, chunk in enumerate(chunks, start=1))
    )


def subscribe(names: list[str], id: int) -> str:
    return json.dumps({"method": "SUBSCRIBE", "params": names, "id": id})
