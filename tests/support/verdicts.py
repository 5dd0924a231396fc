"""A reader that keeps asking during a torture, and afterwards compares what it was told with the
exchange's ledger.

All times are in microseconds of the exchange's clock.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models.functions import Now

from prices.coverage import Coverage, Verdict
from prices.exchange.event_times import MINUTE, SECOND
from prices.exchange.messages import AggTrade, micros
from prices.minutes import minute_start
from prices.models import Candle, Price, Symbol
from prices.recording.check_result import ON_ITS_WAY
from prices.recording.event_lag import LATE
from prices.recording.heartbeat import HEARTBEAT_INTERVAL
from prices.recording.inter_arrival import COUNTS_FOR, SHORTEST
from prices.recording.staleness_check import INTERVAL
from prices.recording.trade_times import since_1970
from tests.support.local_exchange import Running
from tests.support.tapes import instant
from tests.support.trackers import SPEED
from tests.support.wholeness import SYMBOLS

# Seconds for which an answer may be called complete though a later trade was made: those after
# which a quiet symbol is stale, or a passed check no longer counts, and a feed counts as late.
DOCUMENTED = SHORTEST + COUNTS_FOR + LATE + 2 * HEARTBEAT_INTERVAL + INTERVAL + ON_ITS_WAY

# How far back the reader asks.
PAST = 180 * SECOND


@dataclass(frozen=True)
class Answer:
    """`claimed`: when the heartbeat was written that the verdict may rest on; `asked` an instant,
    the beginning of a minute, or 0 for the latest. `found` is None where there was nothing.
    """

    kind: str
    symbol: str
    asked: int
    claimed: int
    found: Price | Candle | None
    verdict: Verdict
    through: datetime | None


class Reader:
    def __init__(self, exchange: Running) -> None:
        self.answers: list[Answer] = []
        self._exchange = exchange
        self._draw = random.Random(7)
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def verdicts(self, symbol: str) -> Counter[Verdict]:
        return Counter(answer.verdict for answer in self.answers if answer.symbol == symbol)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._over.wait(0.02):
                for symbol in SYMBOLS:
                    self._ask(symbol)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self._failure = error
        finally:
            connection.close()

    def _ask(self, symbol: str) -> None:
        rows = Price.objects
        self._note(symbol, "latest", 0, lambda: rows.latest(symbols=[symbol])[0])
        past = self._exchange.exchange.clock.now() - self._draw.randrange(PAST)
        self._note(symbol, "price", past, lambda: rows.as_of(symbol, instant(past)))
        start = minute_start(instant(past))
        self._note(symbol, "minute", since_1970(start), lambda: rows.minute(symbol, start))

    def _note(
        self,
        symbol: str,
        kind: str,
        asked: int,
        ask: Callable[[], tuple[Price | Candle | None, Coverage]],
    ) -> None:
        now = self._exchange.exchange.clock.now()
        row = Symbol.objects.filter(name=symbol).annotate(now=Now()).first()
        if row is None or row.heard_at is None:
            claimed = now
        else:
            claimed = now - int((row.now - row.heard_at).total_seconds() * SECOND * SPEED)
        try:
            found, coverage = ask()
        except IndexError:
            return  # Nothing is on the tape yet.
        told = coverage.verdict, coverage.complete_through
        self.answers.append(Answer(kind, symbol, asked, claimed, found, *told))


@contextmanager
def reading(exchange: Running) -> Iterator[Reader]:
    """Someone who asks for as long as the block lasts."""
    reader = Reader(exchange)
    reader.start()
    try:
        yield reader
    finally:
        reader.end()


def check_verdicts(reader: Reader, ledger: list[AggTrade]) -> None:
    """Nothing was called complete that differs from the ledger, beyond the documented seconds."""
    complete = [answer for answer in reader.answers if answer.verdict is Verdict.COMPLETE]
    assert {(answer.kind, answer.symbol) for answer in complete} == {
        (kind, symbol) for kind in ("latest", "price", "minute") for symbol in SYMBOLS
    }
    for symbol in SYMBOLS:
        trades = [tick for tick in ledger if tick.symbol == symbol]
        for answer in complete:
            if answer.symbol == symbol:
                assert not missed(answer, trades), (answer, missed(answer, trades)[:3])


def missed(answer: Answer, trades: list[AggTrade]) -> list[AggTrade]:
    """The trades of which the answer should have told, and did not."""
    known = answer.claimed - int(DOCUMENTED * SECOND)
    if isinstance(answer.found, Price):
        newest = answer.found.first_trade
        end = min(known, answer.asked) if answer.kind == "price" else known
        return [tick for tick in trades if tick.first > newest and micros(tick.traded) <= end]
    if answer.kind != "minute":
        return [tick for tick in trades if micros(tick.traded) <= min(known, answer.asked)]
    end = answer.asked + MINUTE
    if answer.through is not None and since_1970(answer.through) < end:
        end = since_1970(answer.through)
    made = [tick for tick in trades if answer.asked <= micros(tick.traded) < min(end, known)]
    candle = answer.found
    if candle is None:
        return made
    first, last = candle.first_trade, candle.last_trade
    return [tick for tick in made if not first <= tick.first <= tick.last <= last]
