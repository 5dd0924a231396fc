"""Verdicts while any check may fail: what is called complete is what was traded, but for the
documented seconds.

The parts that decide, on a clock of the test's own: pace, lookout, buffer, writer and vouching, on
a real tape. The stream may fall silent for a symbol, and REST may be down, refuse, lag or answer
late; neither lies. The model is the list of trades.
"""

import io
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from prices.coverage import Verdict
from prices.exchange.rest_errors import Refused, Unanswered
from prices.exchange.stream import Down, Renewed, Up
from prices.models import Price
from prices.recording.buffer import Buffer
from prices.recording.check_result import ON_ITS_WAY
from prices.recording.heartbeat import HEARTBEAT_INTERVAL
from prices.recording.inter_arrival import (
    COUNTS_FOR,
    PAST,
    PAUSES,
    RETRY_WITHIN,
    SETTLING_IN,
    SHORTEST,
)
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.staleness import Staleness
from prices.recording.staleness_check import INTERVAL, StalenessCheck
from prices.recording.status import Status
from prices.recording.writer import Writer
from tests.recording.test_writer import frame, open_one
from tests.support.tapes import at, clear, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds: a symbol that ticks every second is suspect after `SHORTEST` of silence, and what was
# said of it is then taken back with the next heartbeat. A trade that is on its way counts as well.
KNOWN_WITHIN = SHORTEST + 2 * HEARTBEAT_INTERVAL + ON_ITS_WAY


@dataclass
class Market:
    """What was traded, and what the exchange says of it over REST, at `now` of its clock in
    seconds.
    """

    now: float = 1000.0
    trades: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # Called before each answer: raises what goes wrong, or takes its time.
    trouble: Callable[[str], None] = lambda path: None
    lag: int = 0

    def get(self, path: str, weight: int, **params: str | int) -> bytes:
        self.trouble(path)
        if path == "time":
            return b'{"serverTime":%d}' % at(self.now)
        if path == "exchangeInfo":
            return b'{"symbols":[]}'
        trades = self.trades[str(params["symbol"])]
        known = trades[: len(trades) - self.lag] if self.lag else trades
        if not known:
            return b"[]"
        last, made = len(known) - 1, at(known[-1])
        if path == "trades":
            return b'[{"id":%d,"time":%d}]' % (last, made)
        row = b'{"a":%d,"p":"100","q":"1","f":%d,"l":%d,"T":%d,"m":true,"M":true}'
        return b"[" + row % (last, last, last, made) + b"]"


class Verdicts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.market = Market()
        self.market.trouble = self.trouble
        self.mute: set[str] = set()
        # Frames on their way, with the instant until which they are, and how long they take.
        self.on_their_way: list[tuple[float, bytes]] = []
        self.delay = 0.0
        self.rest = "well"
        self.connected = True
        self.renewal: str | None = None
        # When the first trade was made that each symbol's tape does not have yet.
        self.missed_since: dict[str, float] = {}
        with open_tape(*SYMBOLS) as tape:
            clear(tape)
        clock = lambda: self.market.now
        self.buffer: Buffer = Buffer()
        self.buffer.filled.wait = lambda timeout: None  # type: ignore[method-assign,assignment]
        self.tapes = [ReconnectingTape(open_one, SYMBOLS), ReconnectingTape(open_one, SYMBOLS)]
        self.staleness = Staleness(SYMBOLS, clock())
        self.writer = Writer(
            self.buffer,
            SYMBOLS,
            heard=lambda: clock() if self.connected else None,
            tape=self.tapes[0],
            status=Status(io.StringIO()),
            staleness=self.staleness,
            renew=self.renew,
            clock=clock,
        )
        self.writer.heartbeat.wall_clock = lambda: at(clock()) / 1_000_000
        self.staleness_check = StalenessCheck(
            self.staleness,
            self.market,  # type: ignore[arg-type]
            self.tapes[1],
            breaks=self.writer.heartbeat.breaks_of,
            hand_over=self.buffer.hand_over,
            clock=clock,
        )
        self.began = clock()
        self.buffer.put(Up())
        for _ in range(30):
            self.second()

    def renew(self, reason: str) -> None:
        self.renewal = reason

    def trouble(self, path: str) -> None:
        if self.rest == "down" or (self.rest == "half" and path in ("time", "aggTrades")):
            raise Unanswered("HTTP 503. Server error.")
        if self.rest == "refused":
            raise Refused(-1121, "HTTP 400. Invalid symbol.")
        if self.rest == "astray":
            raise ZeroDivisionError
        if self.rest == "slow":
            self.market.now += 3

    def second(self, *, trade: bool = True) -> None:
        """A second passes: trades are made and delivered, a check has its turn, and the
        writer one.
        """
        market = self.market
        market.now += 1
        for symbol in SYMBOLS if trade else ():
            market.trades[symbol].append(market.now)
            if self.connected and symbol not in self.mute:
                sent = frame(tick(len(market.trades[symbol]) - 1, market.now, symbol=symbol))
                self.on_their_way.append((market.now + self.delay, sent))
        self.deliver()
        self.writer.turn()
        if self.renewal is not None and self.connected:
            # Another connection takes over; what is mute may be mute on it, too.
            self.on_their_way.clear()
            self.delay = 0.0
            self.buffer.put(Renewed(self.renewal, joined=False))
            self.renewal = None
        # The worker's thread outlives what nobody thought of.
        with suppress(ZeroDivisionError):
            self.staleness_check.turn()
        self.check()

    def deliver(self) -> None:
        """What has come, in order: nothing overtakes."""
        while self.on_their_way and self.on_their_way[0][0] <= self.market.now:
            self.buffer.put(self.on_their_way.pop(0)[1])

    def check(self) -> None:
        for price, coverage in Price.objects.latest(symbols=SYMBOLS):
            symbol = price.symbol.name
            newest = price.first_trade + price.trades - 1
            if newest == len(self.market.trades[symbol]) - 1:
                self.missed_since.pop(symbol, None)
                continue
            # A later one when the tape has grown: a feed that is a little late is always behind.
            since = self.missed_since[symbol] = self.market.trades[symbol][newest + 1]
            if coverage.verdict is Verdict.COMPLETE:
                assert self.market.now - since <= self.allowed(symbol), f"{symbol} {self.rest}"

    def allowed(self, symbol: str) -> float:
        """A check counts for a minute, or for ten usual pauses of the symbol, up to its newest
        tick.
        """
        since = self.missed_since[symbol]
        before = [time for time in self.market.trades[symbol] if time < since]
        # The pace is kept in parts of a minute each: the oldest of them may be left out.
        seen = [time for time in before if time >= before[-1] - 0.8 * PAST]
        watched = min(PAST, self.market.now - max(self.began, before[-1] - PAST))
        return KNOWN_WITHIN + max(COUNTS_FOR, PAUSES * watched / len(seen))

    @rule(symbol=st.sampled_from(SYMBOLS))
    def fall_silent(self, symbol: str) -> None:
        self.mute.add(symbol)

    @rule()
    def speak_again(self) -> None:
        self.mute.clear()

    @rule(
        rest=st.sampled_from(
            ["well", "down", "down", "half", "refused", "slow", "lagging", "astray"]
        )
    )
    def change_rest(self, rest: str) -> None:
        self.rest = rest
        self.market.lag = 7 if rest == "lagging" else 0

    @rule(seconds=st.sampled_from([1, 7, 40, 100]))
    def trading(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second()

    @rule(seconds=st.sampled_from([5, 20]))
    def quiet_market(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second(trade=False)

    @rule(delay=st.sampled_from([0.0, 3.0, 30.0]))
    def slow_down(self, delay: float) -> None:
        """Frames take that much longer from now on; what is on its way comes as it would have."""
        self.delay = delay

    @rule()
    def lose_the_connection(self) -> None:
        self.connected = False
        self.on_their_way.clear()
        self.delay = 0.0
        self.buffer.put(Down("The connection broke.", 1.0))
        self.second()
        self.connected = True
        self.buffer.put(Up())

    @rule(joined=st.booleans())
    def hand_over(self, joined: bool) -> None:
        # Such a handover waits for what the old connection has yet to bring.
        for _, late in self.on_their_way:
            self.buffer.put(late)
        self.on_their_way.clear()
        self.delay = 0.0
        self.buffer.put(Renewed("A day is over.", joined=joined))

    def teardown(self) -> None:
        try:
            self.comes_back()
        finally:
            for tape in self.tapes:
                tape.close()

    def comes_back(self) -> None:
        """Once REST and the streams are well, everything is vouched for again within seconds."""
        self.speak_again()
        self.change_rest("well")
        self.delay = 0.0
        for _ in range(30):
            self.second()  # Until what was on its way has come.
        for _ in range(int(SETTLING_IN + RETRY_WITHIN + 2 * INTERVAL + ON_ITS_WAY)):
            self.second()
        for _, coverage in Price.objects.latest(symbols=SYMBOLS):
            assert coverage.verdict is not Verdict.UNKNOWN


def test_complete_is_never_said_of_another_answer(seed: int) -> None:
    run_state_machine_as_test(
        seeded(seed)(Verdicts),
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("rest", ["down", "half", "refused", "lagging", "astray"])
def test_a_silent_symbol_is_unknown_for_as_long_as_rest_fails(rest: str) -> None:
    machine = Verdicts()
    try:
        machine.change_rest(rest)
        machine.fall_silent("BTCUSDT")
        for _ in range(int(KNOWN_WITHIN)):
            machine.second()
        for _ in range(120):
            machine.second()
            verdicts = {
                price.symbol.name: found.verdict
                for price, found in Price.objects.latest(symbols=SYMBOLS)
            }
            assert verdicts["BTCUSDT"] is not Verdict.COMPLETE
            assert verdicts["ETHUSDT"] is Verdict.COMPLETE or machine.renewal is not None
    finally:
        machine.teardown()


def test_a_symbol_muted_after_a_passed_check_is_soon_unknown() -> None:
    """However long it had been quiet: a check counts for a minute, not for as long again."""
    machine = Verdicts()
    try:
        for _ in range(60):
            machine.second()
        for _ in range(60):
            machine.second(trade=False)
        machine.fall_silent("BTCUSDT")
        symbol = machine.staleness.inter_arrivals["BTCUSDT"]
        last = symbol.checked
        while symbol.checked == last:
            machine.second(trade=False)
        assert symbol.checked is not None
        machine.change_rest("down")
        for _ in range(120):
            machine.second()  # Holds each answer to `allowed`.
        machine.change_rest("well")
        for _ in range(20):
            machine.second()
    finally:
        machine.teardown()


def test_a_late_feed_is_unknown_until_it_has_caught_up() -> None:
    machine = Verdicts()
    machine.rest = "down"
    try:
        verdicts: list[Verdict] = []
        for n in range(240):
            machine.delay = min(n, 60.0) if n < 120 else 0.0
            machine.second()
            verdicts.append(Price.objects.latest(symbols=SYMBOLS)[0][1].verdict)
        assert set(verdicts[50:120]) == {Verdict.UNKNOWN}
        assert verdicts[-1] is Verdict.COMPLETE
    finally:
        machine.teardown()
