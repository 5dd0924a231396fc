"""A small tape with a whole stretch, a hole, and a symbol without a tick, stored as the recorder
stores.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prices.exchange.messages import AggTrade
from prices.recording.session import connect
from prices.recording.tape import Tape

START = datetime(2025, 7, 3, 8, 30, 35, 984239, tzinfo=UTC)
MICROS = 1_751_531_435_984_239


def tick(symbol: str, first: int, price: str, micros: int = 0) -> AggTrade:
    """A tick of one trade, so many microseconds after START."""
    traded = MICROS + micros
    return AggTrade(symbol, first, first, price, "0.5", traded, traded)


@contextmanager
def recorded_tape() -> Iterator[Tape]:
    """On a connection of its own: what it stores is outside of any transaction of the test."""
    tape = Tape(connect("test"))
    tape.register(["BTCUSDT", "ETHUSDT", "SOLUSDT"])
    tape.store(
        [
            tick("BTCUSDT", 1, "61928.31"),
            tick("BTCUSDT", 2, "1234567890.12345678", 60_000_000),
            tick("ETHUSDT", 10, "2611.82"),
            # Trades 11 to 19 are missing.
            tick("ETHUSDT", 20, "2609.47", 2_000_000),
        ]
    )
    yield tape
    tape.close()
