"""The audit against a plain model of what there is to find on a tape: sets of ids, and candles by
the book.
"""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.audit.candle_audit import FIRST_MINUTES
from prices.audit.findings import Findings
from prices.audit.scan import IDS
from prices.candle_intervals import KEPT
from prices.exchange.messages import AggTrade
from prices.minutes import minute_start
from prices.models import Candle, CoarseCandle, Gap, Price
from prices.recording.tape import Tape
from tests.support.audits import SYMBOL, audit
from tests.support.tapes import binned, clear, instant, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)


class Model:
    def __init__(self, symbol: int) -> None:
        self.symbol = symbol
        self.ticks = list(Price.objects.filter(symbol=symbol).order_by("pk"))
        self.gaps = list(Gap.objects.filter(symbol_id=symbol).exclude(status="repaired"))
        self.candles = {candle.minute: candle for candle in Candle.objects.filter(symbol=symbol)}
        self.held = {
            n
            for tick in self.ticks
            for n in range(tick.first_trade, tick.first_trade + max(tick.trades, 1))
        }
        self.open = {n for gap in self.gaps if gap.status == "open" for n in ids(gap)}
        claims = [n for gap in self.gaps if gap.status == "open" for n in ids(gap)]
        self.is_ledger_muddled = len(claims) > len(self.open)
        self.void = {n for gap in self.gaps if gap.status == "void" for n in ids(gap)}
        self.missing = set(range(*self.extent())) - self.held
        self.known = self.open - self.held
        self.unknown = self.missing - self.open - self.void

    def extent(self) -> tuple[int, int]:
        """From the first to after the last trade that a tick, or a candle of ticks that are gone,
        knows of.
        """
        known = set(self.held)
        for minute, candle in self.candles.items():
            if candle.trades > sum(tick.trades for tick in self.made_in(minute)):
                known |= {candle.first_trade, candle.last_trade}
        return (min(known), max(known) + 1) if known else (0, 0)

    def made_in(self, minute: datetime) -> list[Price]:
        return [tick for tick in self.ticks if minute_start(tick.timestamp) == minute]

    def overlaps(self) -> int:
        reach, found = 0, 0
        for row in self.ticks:
            found += row.first_trade < reach
            reach = max(reach, row.first_trade + max(row.trades, 1))
        return found

    def impossible(self) -> int:
        return sum(
            (tick.price <= 0) + (tick.quantity <= 0) + (tick.trades < 1) for tick in self.ticks
        )

    def false(self) -> int:
        return sum(bool(self.held & set(ids(gap))) for gap in self.gaps)

    def differing(self) -> dict[datetime, bool]:
        """The minutes whose candle is not what its ticks make, and whether what is missing explains
        that.
        """
        minutes = {minute_start(tick.timestamp) for tick in self.ticks}
        return {
            minute: self.explains(minute)
            for minute in minutes | self.candles.keys()
            if not (minute in self.candles and self.lacks(minute))
            and folded(minute, self.made_in(minute)) != values(self.candles.get(minute))
        }

    def explains(self, minute: datetime) -> bool:
        candle, ticks = self.candles.get(minute), self.made_in(minute)
        if candle is None:
            return False
        within = set(range(candle.first_trade, candle.last_trade + 1))
        gone = len((self.open | self.unknown) & within)
        excess = candle.trades - sum(tick.trades for tick in ticks)
        if not 0 < excess <= gone:
            return False
        if not ticks:
            return True
        _, first, last, _, opens, high, low, closes, volume, quote, *buys = folded(minute, ticks)
        kept_buys = (candle.taker_buy_volume, candle.taker_buy_quote_volume)
        return (
            candle.high >= high
            and candle.low <= low
            and candle.volume > volume
            and (candle.first_trade < first or (candle.first_trade, candle.open) == (first, opens))
            and (candle.last_trade > last or (candle.last_trade, candle.close) == (last, closes))
            and (candle.quote_volume is None or candle.quote_volume > quote)
            and all(
                kept is None or (made is not None and kept >= made)
                for kept, made in zip(kept_buys, buys, strict=True)
            )
        )

    def coarse_differing(self) -> int:
        """Coarse candles that are not what their minutes make, that lack, or that should not be
        there.
        """
        kept = {
            (candle.minutes, candle.minute): values(candle)
            for candle in CoarseCandle.objects.filter(symbol=self.symbol)
        }
        made = {}
        for width, _ in KEPT:
            start = binned(width)
            running = start(max(self.candles)) if self.candles else None
            closed = [minute for minute in sorted(self.candles) if start(minute) != running]
            for begins in {start(minute) for minute in closed}:
                parts = [self.candles[minute] for minute in closed if start(minute) == begins]
                made[width, begins] = joined(begins, parts)
        return sum(kept.get(key) != made.get(key) for key in kept.keys() | made.keys())

    def lacking(self) -> int:
        """Candles that do not know what their ticks tell, and are right in all else."""
        return sum(self.lacks(minute) for minute in self.candles)

    def lacks(self, minute: datetime) -> bool:
        made, kept = folded(minute, self.made_in(minute)), values(self.candles[minute])
        if made is None or made == kept:
            return False
        # The last three may be unknown.
        filled = kept[:9] + tuple(
            m if k is None else k for m, k in zip(made[9:], kept[9:], strict=True)
        )
        return filled == made


def ids(gap: Gap) -> range:
    return range(gap.first_trade, gap.last_trade + 1)


def folded(minute: datetime, ticks: list[Price]) -> tuple | None:
    if not ticks:
        return None
    prices = [tick.price for tick in ticks]
    return (
        minute,
        ticks[0].first_trade,
        ticks[-1].first_trade + ticks[-1].trades - 1,
        sum(tick.trades for tick in ticks),
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(tick.quantity for tick in ticks),
        sum(tick.price * tick.quantity for tick in ticks),
        *taker_buys(ticks),
    )


def joined(begins: datetime, parts: list[Candle]) -> tuple:
    """The candle of an interval that begins there, from those of its minutes, in their order."""
    first = min(parts, key=lambda part: (part.first_trade, part.minute))
    last = max(parts, key=lambda part: (part.last_trade, part.minute))
    sums = []
    for name in ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"):
        found = [getattr(part, name) for part in parts]
        sums.append(None if None in found else sum(found))
    return (
        begins,
        first.first_trade,
        last.last_trade,
        sum(part.trades for part in parts),
        first.open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        last.close,
        *sums,
    )


def taker_buys(ticks: list[Price]) -> tuple:
    """The volume and the quote volume in which the buyer was the taker, or nothing when it is not
    known of each.
    """
    if any(tick.is_buyer_maker is None for tick in ticks):
        return (None, None)
    bought = [tick for tick in ticks if not tick.is_buyer_maker]
    return (
        sum(tick.quantity for tick in bought),
        sum(tick.price * tick.quantity for tick in bought),
    )


def values(candle: Candle | CoarseCandle | None) -> tuple | None:
    names = (
        "minute",
        "first_trade",
        "last_trade",
        "trades",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "taker_buy_volume",
        "taker_buy_quote_volume",
    )
    return candle and tuple(getattr(candle, name) for name in names)


def runs(ids: set[int]) -> int:
    """How many stretches some ids make."""
    return sum(n - 1 not in ids for n in ids)


@st.composite
def tapes(draw: st.DrawFn) -> list[AggTrade]:
    """Ticks of one symbol in order of trade id, with holes here and there, over some minutes."""
    ticks, first, seconds = [], draw(st.integers(0, 5)), 0
    for _ in range(draw(st.integers(1, 25))):
        trades = draw(st.integers(1, 4))
        seconds += draw(st.sampled_from([0, 0, 1, 20, 70, 200, 1_000, -1]))
        price = draw(st.sampled_from(["99.5", "100", "100.00000001", "101"]))
        side = draw(st.sampled_from([True, False, True, False, None]))
        ticks.append(tick(first, max(0, seconds), price, trades=trades, side=side))
        first += trades + draw(st.sampled_from([0, 0, 0, 0, 1, 3, 40]))
    return ticks


# What somebody may do to a tape by hand. Each takes the number of a row, and of an id nearby.
HANDS = {
    "a tick is deleted": (
        "DELETE FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade = %(first)s"
    ),
    "many ticks are deleted": (
        "DELETE FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade >= "
        "%(first)s AND first_trade < %(first)s + 20"
    ),
    "the first ticks are deleted": (
        "DELETE FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade <= %(first)s"
    ),
    "the last ticks are deleted": (
        "DELETE FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade >= %(first)s"
    ),
    "a price is changed": (
        "UPDATE prices_price SET price = price + 1 WHERE symbol_id = %(symbol)s AND "
        "first_trade = %(first)s"
    ),
    "a price is nothing": (
        "UPDATE prices_price SET price = 0 WHERE symbol_id = %(symbol)s AND first_trade = %(first)s"
    ),
    "a quantity is below nothing": (
        "UPDATE prices_price SET quantity = -1 WHERE symbol_id = %(symbol)s AND "
        "first_trade = %(first)s"
    ),
    "a tick grows": (
        "UPDATE prices_price SET trades = trades + 3 WHERE symbol_id = %(symbol)s AND "
        "first_trade = %(first)s"
    ),
    "a tick shrinks": (
        "UPDATE prices_price SET trades = greatest(trades - 2, 0) WHERE symbol_id = "
        "%(symbol)s AND first_trade = %(first)s"
    ),
    "a tick moves": (
        "UPDATE prices_price SET timestamp = timestamp + interval '1 minute' WHERE "
        "symbol_id = %(symbol)s AND first_trade = %(first)s"
    ),
    "a tick changes its symbol": (
        "UPDATE prices_price SET symbol_id = symbol_id + 1 WHERE symbol_id = %(symbol)s "
        "AND first_trade = %(first)s"
    ),
    "a tick's side is forgotten": (
        "UPDATE prices_price SET is_buyer_maker = NULL WHERE symbol_id = %(symbol)s AND "
        "first_trade = %(first)s"
    ),
    "a tick's side is changed": (
        "UPDATE prices_price SET is_buyer_maker = NOT is_buyer_maker WHERE symbol_id = "
        "%(symbol)s AND first_trade = %(first)s"
    ),
    "a candle's volumes are forgotten": """
        UPDATE prices_candle SET quote_volume = NULL, taker_buy_volume = NULL, taker_buy_quote_volume = NULL
        WHERE symbol_id = %(symbol)s AND minute = %(minute)s""",  # noqa: E501
    "a candle's quote volume is changed": (
        "UPDATE prices_candle SET quote_volume = quote_volume + 1 WHERE symbol_id = "
        "%(symbol)s AND minute = %(minute)s"
    ),
    "a candle's taker is changed": (
        "UPDATE prices_candle SET taker_buy_volume = 0 WHERE symbol_id = %(symbol)s AND "
        "minute = %(minute)s"
    ),
    "a tick is put in": """
        INSERT INTO prices_price SELECT timestamp, first_trade + %(n)s, 2, symbol_id, NULL, 100, 1 FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade = %(first)s
        ON CONFLICT DO NOTHING""",  # noqa: E501
    "a candle is deleted": (
        "DELETE FROM prices_candle WHERE symbol_id = %(symbol)s AND minute = %(minute)s"
    ),
    "a candle's high is changed": (
        "UPDATE prices_candle SET high = high + 1 WHERE symbol_id = %(symbol)s AND "
        "minute = %(minute)s"
    ),
    "a candle's low is changed": (
        "UPDATE prices_candle SET low = low - 1 WHERE symbol_id = %(symbol)s AND minute "
        "= %(minute)s"
    ),
    "a candle's close is changed": (
        "UPDATE prices_candle SET close = close + 1 WHERE symbol_id = %(symbol)s AND "
        "minute = %(minute)s"
    ),
    "a candle's last trade is changed": (
        "UPDATE prices_candle SET last_trade = last_trade + 5 WHERE symbol_id = "
        "%(symbol)s AND minute = %(minute)s"
    ),
    "a candle's trades are changed": (
        "UPDATE prices_candle SET trades = trades + 2 WHERE symbol_id = %(symbol)s AND "
        "minute = %(minute)s"
    ),
    "a candle moves": (
        "UPDATE prices_candle SET minute = minute + interval '1 hour' WHERE symbol_id = "
        "%(symbol)s AND minute = %(minute)s"
    ),
    "a candle is put in": """
        INSERT INTO prices_candle (minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
        SELECT minute + %(n)s * interval '1 minute', first_trade, last_trade, trades, symbol_id, open, high, low, close, volume
        FROM prices_candle WHERE symbol_id = %(symbol)s AND minute = %(minute)s ON CONFLICT DO NOTHING""",  # noqa: E501
    "a coarse candle is deleted": (
        "DELETE FROM prices_coarsecandle WHERE symbol_id = %(symbol)s AND minute <= %(minute)s"
    ),
    "a coarse candle is changed": (
        "UPDATE prices_coarsecandle SET trades = trades + 1, volume = 0 WHERE symbol_id "
        "= %(symbol)s AND minute <= %(minute)s"
    ),
    "a coarse candle forgets its taker": (
        "UPDATE prices_coarsecandle SET taker_buy_volume = NULL WHERE symbol_id = %(symbol)s"
    ),
    "a coarse candle moves": (
        "UPDATE prices_coarsecandle SET minute = minute + interval '1 day' WHERE "
        "symbol_id = %(symbol)s AND minutes = 15"
    ),
    "the ledger forgets": "DELETE FROM prices_gap WHERE last_trade >= %(first)s",
    "the ledger misses what is there": """
        INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
        VALUES (%(symbol)s, %(first)s, %(first)s + %(n)s, now(), now(), 'open')""",
    "the ledger rules out": """
        INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
        VALUES (%(symbol)s, %(first)s, %(first)s + %(n)s, now(), now(), 'void')""",
    "gaps are void": "UPDATE prices_gap SET status = 'void' WHERE last_trade <= %(first)s",
}


class TestModel:
    """On any tape, whatever was done to it by hand, the audit finds what a plain model finds: no
    less, and no more.
    """

    @given(
        ticks=tapes(),
        hands=st.lists(
            st.tuples(st.sampled_from(sorted(HANDS)), st.integers(0, 24), st.integers(1, 4)),
            max_size=4,
        ),
        steps=st.sampled_from([(IDS, FIRST_MINUTES), (1, 1), (7, 2)]),
    )
    @settings(max_examples=100)
    def test_finds_what_the_model_finds(self, transactional_db, ticks, hands, steps) -> None:
        with open_tape(SYMBOL, "ETHUSDT") as tape:
            clear(tape)
            tape.store(ticks)
            for hand, row, n in hands:
                self.tamper(tape, HANDS[hand], ticks[row % len(ticks)], n)
            model = Model(tape.numbers[SYMBOL])
            found = audit(tape, ids=steps[0], minutes=steps[1])
            self.check(found, model)
            again = audit(tape, ids=steps[0], minutes=steps[1])
            self.check(again, Model(tape.numbers[SYMBOL]))
            assert again.unknown.count == 0
            assert again.known.trades == len(model.known | model.unknown)
            assert again.is_complete == found.is_complete

    def tamper(self, tape: Tape, hand: str, tick: AggTrade, n: int) -> None:
        symbol = tape.numbers[SYMBOL]
        minute = minute_start(instant(tick.traded))
        row = {"symbol": symbol, "first": tick.first, "minute": minute, "n": n}
        tape.database.execute(hand, row)

    def check(self, found: Findings, model: Model) -> None:
        assert found.ticks == len(model.ticks)
        assert found.trades == sum(tick.trades for tick in model.ticks)
        assert (found.known.count, found.known.trades) == (runs(model.known), len(model.known))
        assert (found.unknown.count, found.unknown.trades) == (
            runs(model.unknown),
            len(model.unknown),
        )
        assert found.void == len(model.void - model.held - model.open)
        assert found.overlaps.count == model.overlaps()
        assert found.impossible.count == model.impossible()
        assert found.false.count == model.false()
        differing = model.differing()
        assert found.explained + found.candles.count == len(differing)
        assert found.unfilled == model.lacking()
        assert found.coarse.count == model.coarse_differing()
        if not model.is_ledger_muddled:
            assert found.explained == sum(differing.values())
