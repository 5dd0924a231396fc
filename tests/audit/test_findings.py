"""The audit: what is missing or wrong on a tape, each by itself, and how it is told."""

import itertools
import threading
from datetime import datetime, timedelta

import pytest

from prices.audit.scan import IDS
from prices.minutes import MINUTE
from prices.models import Gap
from prices.recording.tape import Hole, Tape
from tests.support.audits import SYMBOL, audit, told
from tests.support.local_exchange import BTC, ETH, TRX
from tests.support.tapes import START, open_gaps, open_tape, recorded, stored_candles, tick

pytestmark = pytest.mark.django_db(transaction=True)

TEN = [tick(n, n * 10, str(100 + n)) for n in range(1, 11)]


def delete(tape: Tape, *firsts: int) -> None:
    tape.database.execute(
        "DELETE FROM prices_price WHERE symbol_id = %s AND first_trade = ANY(%s)",
        [tape.numbers[SYMBOL], list(firsts)],
    )


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def noted() -> list[tuple]:
    rows = Gap.objects.filter(status="open").order_by("first_trade")
    return list(rows.values_list("first_trade", "last_trade", "starts", "ends"))


class TestTicks:
    def test_a_whole_tape_is_complete(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            assert told(audit(tape)) == ["BTCUSDT: complete, 10 ticks, 10 trades, 2 minutes"]

    def test_a_known_gap_leaves_the_tape_incomplete(
        self,
    ) -> None:
        with open_tape() as tape:
            tape.store([tick for tick in TEN if tick.first not in (4, 5)])
            found = audit(tape)
        assert told(found) == [
            "BTCUSDT: 1 known gap (2 trades); 8 ticks, 8 trades, 2 minutes",
            (
                "    known: trades 4 to 5 missing, between 2025-07-03T08:30:30Z and "
                "2025-07-03T08:31:00Z"
            ),
            "    To fetch them: manage.py repair_gaps BTCUSDT",
            "    Gaps that it could not repair, and why: /api/gaps/?symbol=BTCUSDT&status=open",
        ]

    def test_an_unknown_gap_is_written_into_the_ledger(
        self,
    ) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            delete(tape, 4, 5)
            found = audit(tape)
            assert told(found) == [
                (
                    "BTCUSDT: 1 unknown gap (2 trades), 1 candle with missing trades; 8 "
                    "ticks, 8 trades, 2 minutes"
                ),
                (
                    "    unknown until now: trades 4 to 5 missing, between "
                    "2025-07-03T08:30:30Z and 2025-07-03T08:31:00Z"
                ),
                (
                    "    To fetch them: manage.py repair_gaps BTCUSDT - that also "
                    "rebuilds 1 candle with missing trades"
                ),
            ]
            assert noted() == [(4, 5, after(30), after(60))]
            again = audit(tape)
        assert (again.known.count, again.unknown.count, again.is_complete) == (1, 0, False)

    def test_the_instants_of_a_gap_are_its_neighbours(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            delete(tape, 2, 4, 5, 9)
            audit(tape, ids=1)
        assert noted() == [
            (2, 2, after(10), after(30)),
            (4, 5, after(30), after(60)),
            (9, 9, after(80), after(100)),
        ]

    def test_a_gap_past_the_newest_tick_is_missing(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            tape.note(SYMBOL, [Hole(11, 15, after(100), after(130))])
            found = audit(tape)
        assert (found.known.trades, found.false.count, found.is_complete) == (5, 0, False)

    def test_what_candles_alone_know_of_is_missing_at_the_ends(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            delete(tape, 1, 2, 9, 10)
            found = audit(tape)
            assert (found.unknown.count, found.unknown.trades, found.explained) == (2, 4, 2)
            assert noted() == [(1, 2, START, after(30)), (9, 10, after(80), after(120))]
            assert audit(tape).unknown.count == 0

    def test_of_ticks_that_are_all_gone_the_candles_still_tell(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            delete(tape, *range(1, 11))
            found = audit(tape)
            assert (found.unknown.trades, found.explained, found.candles.count) == (10, 2, 0)
            assert noted() == [(1, 10, START, after(120))]

    def test_what_is_void_is_not_missing(self) -> None:
        with open_tape() as tape:
            tape.store([TEN[0], TEN[9]])
            tape.void(SYMBOL, 2, 9)
            assert told(audit(tape)) == [
                "BTCUSDT: complete, 2 ticks, 2 trades, 2 minutes, 8 void trade ids"
            ]

    def test_a_row_of_the_ledger_that_misses_what_is_there_is_wrong(self) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            gap = Gap.objects.create(
                symbol_id=tape.numbers[SYMBOL],
                first_trade=3,
                last_trade=4,
                starts=START,
                ends=START,
            )
            # However many looks it reaches through, it is told of once.
            for ids in (IDS, 1):
                assert told(audit(tape, ids=ids)) == [
                    "BTCUSDT: 1 false gap in the ledger; 10 ticks, 10 trades, 2 minutes",
                    (
                        f"    trades 3 to 4 missing by gap {gap.pk} of the ledger, but at "
                        f"least partly on the tape"
                    ),
                    "    To check these gaps: manage.py repair_gaps BTCUSDT",
                ]
            tape.fill(SYMBOL, TEN)
            assert audit(tape).is_complete

    def test_a_trade_in_two_ticks_is_an_overlap(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1, trades=5), tick(6)])
            tape.database.execute(
                "INSERT INTO prices_price SELECT timestamp, first_trade + 3, 4, "
                "symbol_id, is_buyer_maker, price, quantity FROM prices_price WHERE "
                "trades = 5"
            )
            found = audit(tape)
        assert found.overlaps.lines == [
            "trades 4 to 5 in two ticks: in tick 4 of 2025-07-03T08:30:00Z, and in one before it",
            "trade 6 in two ticks: in tick 6 of 2025-07-03T08:30:00Z, and in one before it",
        ]
        assert found.unknown.count == 0

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ("price = 0", "its price is 0"),
            ("price = 'NaN'", "its price is NaN"),
            ("quantity = -0.5", "its quantity is -0.5"),
            ("trades = -1", "it holds -1 trades"),
        ],
    )
    def test_a_tick_that_cannot_be(self, change: str, line: str) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            tape.database.execute(f"UPDATE prices_price SET {change} WHERE first_trade = 4")  # noqa: S608 - from above
            found = audit(tape)
        assert found.impossible.lines == [f"tick 4 of 2025-07-03T08:30:40Z: {line}"]
        assert found.unknown.count == 0

    def test_a_long_list_is_cut(self) -> None:
        with open_tape() as tape:
            tape.store([tick(n, n) for n in range(0, 60, 2)])
            lines = told(audit(tape))
        assert lines[0].startswith("BTCUSDT: 29 known gaps (29 trades);")
        assert sum("missing, between" in line for line in lines) == 20
        assert lines[-3] == "    and 9 more"


class TestCandles:
    def spoil(self, tape: Tape) -> None:
        tape.store(TEN)
        tape.database.execute(
            ("UPDATE prices_candle SET high = 500, volume = volume + 0.1 WHERE minute = %s"),
            [START],
        )
        tape.database.execute("DELETE FROM prices_candle WHERE minute = %s", [START + MINUTE])
        tape.store([tick(1, symbol="ETHUSDT")])

    def test_one_that_is_not_what_its_ticks_make_is_wrong(self) -> None:
        with open_tape(SYMBOL, "ETHUSDT") as tape:
            self.spoil(tape)
            assert told(audit(tape)) == [
                "BTCUSDT: 2 wrong candles; 10 ticks, 10 trades, 2 minutes",
                (
                    "    minute 2025-07-03T08:30:00Z: high: its candle has 500, its "
                    "ticks make 105; volume: its candle has 5.1, its ticks make 5"
                ),
                "    minute 2025-07-03T08:31:00Z: there are ticks but no candle",
                (
                    "    To rebuild these candles from their ticks: manage.py "
                    "verify_prices --refold BTCUSDT"
                ),
            ]
            assert audit(tape, "ETHUSDT").is_complete

    def test_it_is_made_anew_when_that_is_asked_for(self) -> None:
        with open_tape(SYMBOL, "ETHUSDT") as tape:
            tape.store(TEN)
            right = stored_candles()
            tape.database.execute("TRUNCATE prices_price, prices_candle")
            self.spoil(tape)
            found = audit(tape, refold=True)
            assert told(found) == [
                "BTCUSDT: complete, 10 ticks, 10 trades, 2 minutes, 2 candles rebuilt"
            ]
            assert audit(tape).is_complete
        assert {key: stored_candles()[key] for key in right} == right

    def test_one_of_trades_that_are_missing_is_left_to_repair(self) -> None:
        """It is the last that knows what they were worth."""
        with open_tape() as tape:
            tape.store(TEN)
            before = stored_candles()
            delete(tape, 3, 8)
            found = audit(tape, refold=True)
            assert (found.candles.count, found.explained, found.rebuilt) == (0, 2, 0)
            assert stored_candles() == before
            tape.fill(SYMBOL, TEN)
            assert audit(tape).is_complete
            assert stored_candles() == before

    @pytest.mark.parametrize(
        "change",
        [
            "high = 104",
            "low = 102",
            "open = 7",
            "close = 7",
            "volume = 4",
            "trades = 7",
            "first_trade = 2",
            "last_trade = 4",
        ],
    )
    def test_a_missing_trade_does_not_explain_all(self, change: str) -> None:
        with open_tape() as tape:
            tape.store(TEN)
            delete(tape, 3)
            tape.database.execute(f"UPDATE prices_candle SET {change} WHERE first_trade = 1")  # noqa: S608 - from above
            found = audit(tape)
        assert (found.candles.count, found.explained) == (1, 0)

    @pytest.mark.parametrize(
        "column",
        [
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
        ],
    )
    def test_every_column_counts(self, column: str) -> None:
        with open_tape() as tape:
            tape.store([tick(n, n * 10, str(100 + n), side=n % 2 == 0) for n in range(1, 11)])
            tape.database.execute(
                f"UPDATE prices_candle SET {column} = {column} + 3 WHERE last_trade = 10"  # noqa: S608
            )
            found = audit(tape)
            assert (found.candles.count, found.explained, found.unknown.count) == (1, 0, 0)
            assert audit(tape, refold=True).is_complete


class TestRecorded:
    SYMBOLS = ("BTCUSDT", "ETHUSDT", "TRXUSDT")

    def test_real_ticks_are_complete(self) -> None:
        with open_tape(*self.SYMBOLS) as tape:
            for file in (BTC, ETH, TRX):
                tape.store(recorded(file))
            assert [told(audit(tape, symbol, ids=5_000))[0] for symbol in self.SYMBOLS] == [
                "BTCUSDT: complete, 11,349 ticks, 19,904 trades, 12 minutes",
                "ETHUSDT: complete, 7,396 ticks, 14,515 trades, 12 minutes",
                "TRXUSDT: complete, 10,000 ticks, 10,000 trades, 48 minutes",
            ]

    def test_a_deleted_hundredth_is_found_and_comes_back(self) -> None:
        ticks = recorded(BTC)
        with open_tape() as tape:
            tape.store(ticks)
            candles = stored_candles()
            delete(tape, *(tick.first for tick in ticks[50:-50:97]))
            gone = {n for tick in ticks[50:-50:97] for n in range(tick.first, tick.last + 1)}
            found = audit(tape, ids=5_000)
            assert found.unknown.trades == len(gone)
            assert found.candles.count == 0
            assert {n for first, last in open_gaps() for n in range(first, last + 1)} == gone
            tape.fill(SYMBOL, ticks)
            assert audit(tape).is_complete
            assert stored_candles() == candles


class TestWhileRecording:
    """Batches come in while looks follow each other: none is seen by half."""

    def test_raises_no_false_alarm(self) -> None:
        ticks = recorded(BTC)[:6_000]
        # Every second batch of two comes after the next: there are always holes, and they are
        # always known.
        batches = list(
            itertools.chain.from_iterable(
                (ticks[n + 50 : n + 100], ticks[n : n + 50]) for n in range(0, len(ticks), 100)
            )
        )
        with open_tape() as tape, open_tape() as recorder:
            recorder.store(batches[0])
            looked = threading.Event()

            def record() -> None:
                for n, batch in enumerate(batches):
                    if n == len(batches) // 2:
                        # Both halves come in while somebody looks, however fast they are.
                        looked.wait(60)
                    recorder.store(batch)

            writer = threading.Thread(target=record)
            writer.start()
            audits = []
            while writer.is_alive():
                audits.append(audit(tape, ids=700, minutes=1))
                looked.set()
            writer.join()
            audits.append(audit(tape))
        assert len(audits) > 2
        for found in audits:
            wrong = found.unknown, found.overlaps, found.impossible, found.false, found.candles
            assert [kind.lines for kind in wrong] == [[], [], [], [], []]
            assert found.explained == 0
        assert told(audits[-1])[0].startswith("BTCUSDT: complete, 6,000 ticks")
