"""Files in the layout of the public archive become recordings, or one sentence that says
why not.
"""

import gzip
import zipfile
from pathlib import Path

import pytest

from replay.archive import RecordingError, read, shipped
from tests.support.local_exchange import BTC, ETH, TRX, agg_trades

ROWS = """\
7,61837.63000000,0.02000000,100,100,1723161255342,True,True
8,61837.62,1,101,103,1723161255617,False,True
"""
LATER = "9,61837.5,2,104,104,1751531435984239,True,False\n"


def wrote(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_becomes_a_tick(tmp_path):
    (rec,) = read([wrote(tmp_path, "BTCUSDT-aggTrades-2024-08-08.csv", ROWS)])
    assert rec.symbol == "BTCUSDT"
    assert list(rec.agg_ids) == [7, 8]
    assert rec.prices == ["61837.63000000", "61837.62000000"]
    assert rec.quantities == ["0.02000000", "1.00000000"]
    assert list(rec.first_ids) == [100, 101]
    assert list(rec.last_ids) == [100, 103]
    assert list(rec.times) == [1723161255342000, 1723161255617000]
    assert list(rec.flags) == [3, 2]


def test_ms_and_us_are_told_apart_row_by_row(tmp_path):
    (rec,) = read([wrote(tmp_path, "BTCUSDT-aggTrades-2025-07-03.csv", ROWS + LATER)])
    assert list(rec.times) == [1723161255342000, 1723161255617000, 1751531435984239]


def test_a_header_is_skipped(tmp_path):
    text = "agg_trade_id,price,quantity,first,last,time,maker,best\n" + ROWS
    (rec,) = read([wrote(tmp_path, "BTCUSDT-aggTrades-2024-08-08.csv", text)])
    assert list(rec.agg_ids) == [7, 8]


def test_packed_files_are_read(tmp_path):
    packed = tmp_path / "BTCUSDT-aggTrades-2024-08-08.csv.gz"
    packed.write_bytes(gzip.compress(ROWS.encode()))
    zipped = tmp_path / "ETHUSDT-aggTrades-2024-08-08.csv.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("ETHUSDT-aggTrades-2024-08-08.csv", ROWS)
    btc, eth = read([packed, zipped])
    assert (btc.symbol, list(btc.agg_ids)) == ("BTCUSDT", [7, 8])
    assert (eth.symbol, list(eth.agg_ids)) == ("ETHUSDT", [7, 8])


def test_files_of_one_symbol_are_joined_in_id_order(tmp_path):
    later = wrote(tmp_path, "BTCUSDT-aggTrades-2023-01-01.csv", LATER)
    earlier = wrote(tmp_path, "BTCUSDT-aggTrades-2024-08-08.csv", ROWS)
    (rec,) = read([later, earlier])
    assert list(rec.agg_ids) == [7, 8, 9]


def test_a_symbol_may_be_of_any_script(tmp_path):
    (rec,) = read([wrote(tmp_path, "币安人生USDT-aggTrades-2025-12-01.csv", ROWS)])
    assert rec.symbol == "币安人生USDT"


@pytest.mark.parametrize("path", [BTC, ETH, TRX], ids=lambda path: path.name[:3])
def test_every_row_of_a_real_file_is_read(path):
    (rec,) = read([path])
    rows = agg_trades(path)
    columns = zip(rec.agg_ids, rec.prices, rec.quantities, rec.first_ids, rec.times, strict=True)
    assert list(columns) == [(row["a"], row["p"], row["q"], row["f"], row["T"]) for row in rows]


def test_recordings_ship_with_the_project():
    assert [rec.symbol for rec in read(shipped())] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9,1,1,104,104,1723161255617", "8 cells are expected, not 6"),
        ("x,1,1,104,104,1723161255617,True,True", "'x' is not a whole number"),
        ("9,1,1,-1,-1,1723161255617,True,True", "'-1' is not a whole number"),
        ("9,1e3,1,104,104,1723161255617,True,True", "'1e3' is not a number above zero"),
        ("9,0.0,1,104,104,1723161255617,True,True", "'0.0' is not a number above zero"),
        ("9,1.123456789,1,104,104,1723161255617,True,True", "with up to 8 decimals"),
        ("9,1,1,105,104,1723161255617,True,True", "last trade id 104 is below the first, 105"),
        ("9,1,1,104,104,1723161255,True,True", "not a time in milliseconds or microseconds"),
        ("9,1,1,104,104,1498867199999,True,True", "is a time before Binance opened"),
        ("9,1,1,104,104,1498867199999999,True,True", "is a time before Binance opened"),
        ("9,1,1,104,104,1723161255617,yes,True", "'yes' is neither True nor False"),
        ("8,1,1,104,104,1723161255617,True,True", "aggregate id 8 does not follow 8"),
        ("9,1,1,103,104,1723161255617,True,True", "trade id 103 does not follow 103"),
        ("9,1,1,104,104,1723161255616,True,True", "its time is before that of the row above"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, row, why):
    path = wrote(tmp_path, "BTCUSDT-aggTrades-2024-08-08.csv", f"{ROWS}{row}\n")
    with pytest.raises(RecordingError) as caught:
        read([path])
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("btcusdt-aggTrades-2024-08-08.csv", b"", "the name must be like"),
        ("BTCUSDT-trades-2024-08-08.csv", b"", "the name must be like"),
        ("BTCUSDT-aggTrades-2024-08-08.csv", b"", "it contains no trades"),
        ("BTCUSDT-aggTrades-2024-08-08.csv", b"7,\xff", "line 1: 8 cells are expected, not 2"),
        ("BTCUSDT-aggTrades-2024-08-08.csv.gz", b"plain", "cannot be read"),
        (
            "BTCUSDT-aggTrades-2024-08-08.csv.gz",
            gzip.compress(ROWS.encode(), mtime=0)[:-9],
            "the packed file ends too early",
        ),
        ("BTCUSDT-aggTrades-2024-08-08.csv.zip", b"plain", "cannot be unpacked"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, why):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=why) as caught:
        read([path])
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecordingError, match="No such file"):
        read([tmp_path / "BTCUSDT-aggTrades-2024-08-08.csv"])


def test_the_name_of_a_download_is_read(tmp_path):
    """And the second member that some files of the archive have, if it is a copy."""
    path = tmp_path / "BTCUSDT-aggTrades-2024-08-08.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BTCUSDT-aggTrades-2024-08-08.csv", ROWS)
        archive.writestr("data/BTCUSDT-aggTrades-2024-08-08.csv", ROWS)
    (rec,) = read([path])
    assert list(rec.agg_ids) == [7, 8]


def test_members_of_a_zip_that_differ_are_refused(tmp_path):
    path = tmp_path / "BTCUSDT-aggTrades-2024-08-08.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", ROWS)
        archive.writestr("two.csv", LATER)
    with pytest.raises(RecordingError, match=r"one\.csv and two\.csv in it differ"):
        read([path])


def test_a_first_line_is_never_lost_in_silence(tmp_path):
    """A byte order mark is no part of a number, and a damaged line is no header."""
    (rec,) = read([wrote(tmp_path, "BTCUSDT-aggTrades-2024-08-08.csv", f"\ufeff{ROWS}")])
    assert list(rec.agg_ids) == [7, 8]
    damaged = wrote(tmp_path, "ETHUSDT-aggTrades-2024-08-08.csv", f"x{ROWS}")
    with pytest.raises(RecordingError, match="line 1: 'x7' is not a whole number"):
        read([damaged])
