"""`backfill_prices --archive`: whatever the files are like, and in whatever order they come."""

import json
import random
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from prices.backfill.archive_import import ArchiveImport
from prices.exchange.messages import AggTrade, micros
from prices.models import Candle, Gap, Price, Symbol
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Tape
from pricetracker.archive.names import of
from tests.support.archives import CASES, archive, backfill, text_of, write
from tests.support.local_exchange import BTC, ETH, TRX
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import (
    check,
    instant,
    minutes,
    open_gaps,
    open_tape,
    recorded,
    stored_candles,
    tick,
)

pytestmark = pytest.mark.django_db(transaction=True)

PUBLISHED = json.loads(
    (Path(__file__).parents[1] / "data" / "published-klines.json").read_text(encoding="utf-8"),
    parse_float=Decimal,
)


def trade(first: int, seconds: float = 0, **rest) -> AggTrade:
    return tick(first, seconds, **{"side": True, **rest})


def firsts() -> list[int]:
    return list(Price.objects.order_by("first_trade").values_list("first_trade", flat=True))


ALL = list(range(5000, 5006))
FILE = "BTCUSDT-aggTrades-2025-07-03.csv"


@pytest.mark.parametrize(
    ("case", "stored", "code", "told", "summary"),
    [
        ("realzip", ALL, 0, [], "6 new, 0 known, 0 refused; nothing missing."),
        ("header", ALL, 0, [], "6 new, 0 known, 0 refused; nothing missing."),
        ("bom", ALL, 0, [], "6 new, 0 known, 0 refused; nothing missing."),
        ("pepe", ALL, 0, [], "PEPEUSDT: 6 new, 0 known, 0 refused; nothing missing."),
        ("units", ALL[:5], 0, [], "5 new, 0 known, 0 refused; nothing missing."),
        (
            "nestedzip",
            ALL,
            0,
            [f"{FILE}.zip: ", f"/{FILE} is a copy of {FILE}, which was read once."],
            "6 new, 0 known, 0 refused; nothing missing.",
        ),
        (
            "badfirst",
            ALL[1:],
            0,
            [f"{FILE}, line 1: 'x1000' is not a whole number."],
            "5 new, 0 known, 0 refused, 1 unreadable line; 1 trade missing in 1 gap.",
        ),
        (
            "dup",
            ALL,
            0,
            [f"{FILE}, line 4: trades 5002 to 5002 repeat an earlier line, or step back."],
            "6 new, 1 known, 0 refused; nothing missing.",
        ),
        (
            "stepback",
            ALL,
            0,
            [f"{FILE}, line 4: its time is 0.5 s before that of the row above."],
            "6 new, 0 known, 0 refused; nothing missing.",
        ),
        (
            "ccxt8329",
            [1291817, 1291818],
            0,
            ["2017-12-04.csv, line 3: trades 1291817 to 1291817 repeat an earlier line"],
            "2 new, 1 known, 0 refused; nothing missing.",
        ),
    ],
)
def test_each_reported_case(
    case: str, stored: list[int], code: int, told: list[str], summary: str
) -> None:
    done = backfill("--archive", CASES / case)
    assert firsts() == stored
    assert done.code == code, done.err
    assert summary in done.out
    for words in told:
        assert words in done.err
    again = backfill("--archive", CASES / case)
    assert firsts() == stored
    assert " 0 new, " in again.out


def test_a_tiny_price_is_exact() -> None:
    backfill("--archive", CASES / "pepe")
    assert set(Price.objects.values_list("price", flat=True)) == {Decimal("0.00000986")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT price::text FROM prices WHERE symbol = 'PEPEUSDT'")
        assert cursor.fetchall() == [("0.00000986",)]


def test_trades_of_a_damaged_first_line_are_a_gap() -> None:
    """Also when the day before comes later: then the gap lies between the two."""
    backfill("--archive", CASES / "badfirst")
    assert open_gaps() == [(5000, 5000)]
    gap = Gap.objects.get()
    assert gap.starts.isoformat() == "2025-07-03T00:00:00+00:00"
    assert gap.ends.isoformat() == "2025-07-03T00:00:01+00:00"
    with open_tape() as tape:
        tape.store([trade(4999, -86_400 * 2)])
    assert open_gaps() == [(5000, 5000)]


@pytest.mark.parametrize("path", [BTC, ETH, TRX], ids=lambda path: path.name[:3])
def test_a_day_imported_twice_equals_the_file(path: Path) -> None:
    ticks = recorded(path)
    symbol = ticks[0].symbol
    first = backfill("--archive", path)
    with open_tape(symbol) as tape:
        check(tape, ticks)
        again = backfill("--archive", path)
        check(tape, ticks)
    assert first == (0, f"{symbol}: {len(ticks):,} new, 0 known, 0 refused; nothing missing.\n", "")
    assert again.out == f"{symbol}: 0 new, {len(ticks):,} known, 0 refused; nothing missing.\n"
    assert not Gap.objects.exists()
    call_command("verify_prices")


@pytest.mark.parametrize(("path", "interval"), [(BTC, "1m"), (ETH, "1m"), (TRX, "5m")])
def test_published_klines_agree(path: Path, interval: str) -> None:
    """In each interval that lies whole within the file."""
    ticks = recorded(path)
    backfill("--archive", path)
    length = timedelta(minutes=int(interval[0]))
    begins, ends = (instant(micros(ticks[n].traded)) for n in (0, -1))
    compared = 0
    for opened, *prices in PUBLISHED[interval][ticks[0].symbol]:
        opens = instant(opened * 1000)
        if begins < opens and opens + length <= ends:
            minutes = Candle.objects.filter(minute__gte=opens, minute__lt=opens + length)
            assert one_candle(minutes.order_by("minute")) == [Decimal(each) for each in prices]
            compared += 1
    assert compared >= 8


def one_candle(minutes: Iterable[Candle]) -> list[Decimal]:
    """Open, high, low, close and volume of some minutes, in order."""
    minutes = list(minutes)
    return [
        minutes[0].open,
        max(minute.high for minute in minutes),
        min(minute.low for minute in minutes),
        minutes[-1].close,
        sum(minute.volume for minute in minutes),
    ]


def test_halves_in_the_wrong_order_join(tmp_path: Path) -> None:
    ticks = recorded(BTC)
    middle = len(ticks) // 2
    (tmp_path / "later").mkdir()
    (tmp_path / "earlier").mkdir()
    later = archive(tmp_path / "later", ticks[middle:])
    earlier = archive(tmp_path / "earlier", ticks[:middle], suffix="csv.gz")
    assert backfill("--archive", later).code == 0
    assert backfill("--archive", earlier).code == 0
    with open_tape() as tape:
        check(tape, ticks)
    assert not Gap.objects.exists()


def test_history_joins_a_live_recording(tmp_path: Path) -> None:
    """The middle was recorded, some of it lost and found; the sides were not known then."""
    ticks = recorded(BTC)
    with open_tape() as tape:
        for part in (ticks[4000:5000], ticks[5500:7000]):
            tape.store([as_recorded(each) for each in part])
        assert len(open_gaps()) == 1
        done = backfill("--archive", archive(tmp_path, ticks))
        check(tape, ticks)
    assert done.code == 0
    assert f"{len(ticks) - 2500:,} new, 2,500 known, 0 refused; nothing missing." in done.out
    assert set(Gap.objects.values_list("status", "source")) == {("repaired", "archive")}
    call_command("verify_prices")


def as_recorded(each: AggTrade) -> AggTrade:
    """As an older version recorded it, which did not store the side."""
    return msgspec.structs.replace(each, is_buyer_maker=None)


def test_any_pieces_in_any_order_make_one_tape(tmp_path: Path, draw: random.Random) -> None:
    ticks = recorded(ETH)[:3000]
    whole = []
    for n in range(12):
        begin = draw.randrange(len(ticks))
        piece = ticks[begin : begin + draw.randrange(1, 900)]
        suffix = draw.choice(["zip", "csv", "csv.gz"])
        whole += piece
        path = archive(tmp_path, piece, period=f"{n}", suffix=suffix)
        assert backfill("--archive", path).code == 0
        with open_tape("ETHUSDT") as tape:
            check(tape, whole)
    assert backfill("--archive", archive(tmp_path, ticks)).code == 0
    with open_tape("ETHUSDT") as tape:
        check(tape, ticks)


def test_what_lies_between_two_ranges_is_a_gap(tmp_path: Path, client) -> None:
    ticks = recorded(BTC)
    for n, part in enumerate((ticks[9000:], ticks[:3000])):
        backfill("--archive", archive(tmp_path, part, period=f"{n}"))
    missing = ticks[8999].last - ticks[3000].first + 1
    done = backfill("--archive", tmp_path)
    assert f"; {missing:,} trades missing in 1 gap." in done.out
    assert done.code == 0
    assert open_gaps() == [(ticks[3000].first, ticks[8999].last)]

    def verdict(millisecond: int) -> str:
        asked = {"symbol": "BTCUSDT", "timestamp": millisecond}
        return client.get("/price-at-second", asked).headers["X-Coverage"]

    assert verdict(ticks[0].traded - 1) == "unknown"
    assert verdict(ticks[2000].traded) == "complete"
    assert verdict(ticks[6000].traded) == "incomplete"
    assert verdict(ticks[10000].traded) == "complete"
    assert verdict(ticks[-1].traded + 1) == "unknown"


def test_differently_aggregated_trades_are_not_stored_twice(tmp_path: Path) -> None:
    """Of one source 10 to 12 are an aggregate, of another 11 alone is: refused, with its line."""
    with open_tape() as tape:
        kept = [trade(10, 0, trades=3), trade(13, 1)]
        tape.store(kept)
        file = [trade(8, -2), trade(9, -1, trades=3), trade(12, 0), trade(14, 2)]
        done = backfill("--archive", archive(tmp_path, file, "2025-07-03", "csv"))
        check(tape, [file[0], *kept, file[3]])
    assert done.code == 1
    told = "lines 2 to 3: the first: not imported: trade 9 is on the tape, with other values."
    assert told in done.err


def test_rows_of_a_file_that_share_trades_are_stored_once(tmp_path: Path) -> None:
    file = [trade(1), trade(2, 1, trades=3), trade(3, 1), trade(5, 2)]
    done = backfill("--archive", archive(tmp_path, file, "2025-07-03", "csv"))
    with open_tape() as tape:
        check(tape, [file[0], file[1], file[3]])
    assert done.code == 1
    assert "line 3: not imported: it shares trades with another row." in done.err


def test_a_changed_price_is_refused_with_its_line(tmp_path: Path) -> None:
    ticks = recorded(BTC)[:100]
    backfill("--archive", archive(tmp_path, ticks, "1"))
    changed = text_of(ticks).replace(f",{ticks[40].price},", ",1.5,", 1)
    line = changed[: changed.index(",1.5,")].count("\n") + 1
    path = write(tmp_path / "BTCUSDT-aggTrades-2.csv", changed)
    done = backfill("--archive", path)
    assert done.code == 1
    assert f"{path}, line {line}: not imported: trade " in done.err
    assert "0 new, 99 known, 1 refused; nothing missing." in done.out
    with open_tape() as tape:
        check(tape, ticks)


def test_shifted_times_are_refused_amid_recorded_ticks(tmp_path: Path) -> None:
    """A file whose times are an hour off must not slip in between ticks that the tape has."""
    ticks = [trade(n, n) for n in range(100)]
    with open_tape() as tape:
        tape.store([ticks[0], ticks[50], ticks[99]])
        shifted = [trade(n, n + 3600) for n in range(100)]
        done = backfill("--archive", archive(tmp_path, shifted, "1", "csv"))
        check(tape, [ticks[0], ticks[50], ticks[99]])
    assert done.code == 1
    assert "0 new, 0 known, 100 refused; 97 trades missing in 2 gaps." in done.out
    # The ticks that the tape has, and in another sentence those between them.
    assert done.err.count("\n") == 5


def test_a_time_far_before_its_neighbours_is_a_gap(tmp_path: Path) -> None:
    file = [trade(n, n * 10) for n in range(6)]
    file[3] = trade(3, 5)
    done = backfill("--archive", archive(tmp_path, file, "1", "csv"))
    assert "line 4: its time is 15 s before that of the row above." in done.err
    assert "line 4: not imported: 2025-07-03T08:30:05Z is not between the times" in done.err
    assert "5 new, 0 known, 1 refused; 1 trade missing in 1 gap." in done.out
    assert (done.code, open_gaps()) == (1, [(3, 3)])


def test_neighbouring_lines_are_told_together(tmp_path: Path) -> None:
    rows = text_of([trade(n, n) for n in range(3)]).splitlines()
    path = write(tmp_path / FILE, "\n".join([rows[0], *["?"] * 500, *rows[1:], "?"]))
    done = backfill("--archive", path)
    assert f"{path}, lines 2 to 501: 8 cells are expected, not 1.\n" in done.err
    assert f"{path}, line 504: 8 cells are expected, not 1.\n" in done.err
    assert "3 new, 0 known, 0 refused, 501 unreadable lines; nothing missing." in done.out


def test_withdrawn_rows_are_counted(tmp_path: Path) -> None:
    text = text_of([trade(1), trade(2, 1)]) + "9,0,0,-1,-1,1751531440000,False,True\n"
    done = backfill("--archive", write(tmp_path / FILE, text))
    assert "2 new, 0 known, 0 refused, 1 row withdrawn by the exchange; nothing" in done.out
    assert (done.code, done.err) == (0, "")


def test_one_bad_file_does_not_keep_out_the_others(tmp_path: Path) -> None:
    ticks = recorded(BTC)[:200]
    archive(tmp_path, ticks[:100], "1")
    write(tmp_path / "BTCUSDT-aggTrades-2.zip", b"").write_bytes(b"no zip")
    bad = archive(tmp_path, ticks[100:], "3")
    (tmp_path / f"{bad.name}.CHECKSUM").write_text(f"{'0' * 64}  {bad.name}\n", encoding="utf-8")
    done = backfill("--archive", tmp_path)
    assert done.code == 1
    assert "2.zip: cannot be unpacked" in done.err
    assert f"its content does not match {bad.name}.CHECKSUM." in done.err
    with open_tape() as tape:
        check(tape, ticks[:100])


def test_pruned_history_does_not_come_back(tmp_path: Path) -> None:
    ticks = recorded(BTC)[:300]
    with open_tape() as tape:
        tape.store(ticks)
        tape.prune("BTCUSDT", instant(ticks[200].traded * 1000), 100)
        kept = firsts()
        done = backfill("--archive", archive(tmp_path, ticks, suffix="csv"))
        assert firsts() == kept
    assert "lines 1 to 100: not imported: the tape is pruned there." in done.err
    assert "0 new, 200 known, 100 refused; nothing missing." in done.out
    assert done.code == 1


def test_a_tape_of_another_market_is_refused(tmp_path: Path, settings) -> None:
    path = archive(tmp_path, recorded(BTC)[:10])
    backfill("--archive", path)
    settings.BINANCE_EXCHANGE = "binanceus"
    with pytest.raises(CommandError, match="belongs to the market binance, but"):
        backfill("--archive", path)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    ticks = recorded(BTC)
    done = backfill("--archive", archive(tmp_path, ticks), "--dry-run")
    assert done.code == 0
    assert done.out == (
        "BTCUSDT: 11,349 ticks at most, about 1.5 MB on disk, request weight 0, "
        "about 0:00:00 (h:mm:ss).\n"
    )
    assert not Symbol.objects.exists()


def test_a_file_without_rows_records_no_symbol(tmp_path: Path) -> None:
    done = backfill("--archive", write(tmp_path / FILE, "nonsense\n"))
    assert "BTCUSDT: 0 new, 0 known, 0 refused, 1 unreadable line; nothing" in done.out
    assert not Symbol.objects.exists()


def test_candles_of_an_import_equal_the_model(tmp_path: Path) -> None:
    ticks = recorded(TRX)
    backfill("--archive", archive(tmp_path, ticks[5000:], "2"))
    backfill("--archive", archive(tmp_path, ticks[:6000], "1"))
    assert stored_candles() == {key: asdict(each) for key, each in minutes(ticks).items()}


class Steps:
    """Parts of so many ticks, without pauses."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def look(self, tape: Tape) -> None:
        pass

    def rest(self, took: float) -> None:
        pass


def test_stopped_after_any_part_it_goes_on(tmp_path: Path, draw: random.Random) -> None:
    ticks = recorded(BTC)[:1500]
    file = of(archive(tmp_path, ticks))
    tape = ReconnectingTape(lambda: Tape(connect("tests")), [])
    for _ in range(5):
        left = draw.randrange(1, 9)

        def stopped() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        pacing = Steps(draw.choice([7, 100, 333]))
        ArchiveImport(tape, say=print, stopped=stopped, pacing=pacing).run(file)
        with open_tape() as found:
            check(found, ticks[: Price.objects.count()])
    last = ArchiveImport(tape, say=print, pacing=Steps(500))
    last.run(file)
    tape.close()
    assert last.tallies["BTCUSDT"].new + last.tallies["BTCUSDT"].known == len(ticks)
    with open_tape() as found:
        check(found, ticks)


def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    """Beside a live recorder, so that it takes many steps."""
    ticks = recorded(BTC)
    path = archive(tmp_path, ticks)
    with open_tape("ETHUSDT") as tape:
        tape.store([trade(1, symbol="ETHUSDT")])
    Symbol.objects.update(heard_at=timezone.now() + timedelta(seconds=4))
    process = manage("backfill_prices", "--archive", str(path))
    try:
        eventually(lambda: process.poll() is not None or Price.objects.count() > 1)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)
    before = Price.objects.count() - 1
    done = backfill("--archive", path)
    assert f"{len(ticks) - before:,} new, {before:,} known, 0 refused; nothing" in done.out
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        check(tape, [*ticks, trade(1, symbol="ETHUSDT")])


def test_stopped_by_ctrl_c_it_says_what_is_left_to_do(tmp_path: Path) -> None:
    ticks = recorded(BTC)
    with open_tape("ETHUSDT") as tape:
        tape.store([trade(1, symbol="ETHUSDT")])
    Symbol.objects.update(heard_at=timezone.now() + timedelta(seconds=4))
    process = manage("backfill_prices", "--archive", str(archive(tmp_path, ticks)))
    try:
        eventually(lambda: process.poll() is not None or Price.objects.count() > 1)
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in output
    stored = Price.objects.count() - 1
    assert f"BTCUSDT: {stored:,} new, 0 known, 0 refused; nothing missing." in output
    assert (process.returncode, "Stopped early. Run it again" in output) in {(1, True), (0, False)}
