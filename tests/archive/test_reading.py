"""Archive files are read to their last row, or say where and why not, in bounded memory."""

import gzip
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from pricetracker.archive import reading
from pricetracker.archive.blocks import blocks
from pricetracker.archive.errors import ArchiveError
from tests.support.archives import CASES, write

NAME = "BTCUSDT-aggTrades-2025-07-03"


def line(n: int) -> str:
    return f"{n},61728.90000000,0.00100000,{5000 + n},{5000 + n},{1751500800000000 + n},True,True"


def lines(count: int) -> str:
    return "".join(f"{line(n)}\n" for n in range(count))


def firsts(path: Path, size: int = 300) -> list[int]:
    return [first for rows in reading.read(path, size) for first in rows.firsts]


def read_to_the_end(path: Path, found: list[int], size: int = reading.BLOCK) -> None:
    for rows in reading.read(path, size):
        found += rows.firsts


def told(path: Path) -> list[tuple[int, str]]:
    return [bad[:2] for rows in reading.read(path) for bad in rows.unreadable]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".zip", ".csv.zip"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_each_kind_of_file_is_read_whole(tmp_path: Path, suffix: str, ending: str) -> None:
    text = lines(40)
    text = text.replace("\n", "\r\n") if ending == "\r\n" else text
    path = write(tmp_path / f"{NAME}{suffix}", text if ending else text.rstrip())
    assert firsts(path) == [5000 + n for n in range(40)]
    assert reading.measure(path).lines == 40


@pytest.mark.parametrize(
    "case", ["bom", "header", "nestedzip", "realzip", "pepe", "dup", "badfirst"]
)
def test_the_reported_cases_lose_no_row(case: str) -> None:
    (path,) = (CASES / case).iterdir()
    wanted = {"dup": [5000, 5001, 5002, 5002, 5003, 5004, 5005], "badfirst": range(5001, 5006)}
    assert firsts(path) == list(wanted.get(case, range(5000, 5006)))
    damaged = [(1, "'x1000' is not a whole number")] if case == "badfirst" else []
    assert told(path) == damaged


def test_lines_are_numbered_across_blocks(tmp_path: Path) -> None:
    path = write(tmp_path / f"{NAME}.csv", lines(50) + "nonsense\n\n" + lines(2))
    rows = list(reading.read(path, 300))
    assert [n for each in rows for n in each.lines] == [*range(1, 51), 53, 54]
    assert [bad.line for each in rows for bad in each.unreadable] == [51]


def test_bytes_that_are_no_text_spoil_one_line(tmp_path: Path) -> None:
    text = lines(3).encode().replace(b"5001", b"50\xff1\x00", 1)
    path = write(tmp_path / f"{NAME}.csv", text)
    assert firsts(path) == [5000, 5002]
    ((number, reason),) = told(path)
    assert number == 2
    assert "is not a whole number" in reason


def test_a_header_amid_joined_files_is_no_row(tmp_path: Path) -> None:
    header = "agg_trade_id,price,quantity,first,last,time,maker,best\n"
    path = write(tmp_path / f"{NAME}.csv", header + lines(2) + header + "\ufeff" + lines(1))
    assert firsts(path) == [5000, 5001, 5000]
    assert told(path) == []


def test_a_cut_gzip_is_read_up_to_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.csv.gz"
    path.write_bytes(gzip.compress(lines(20_000).encode())[:-9_000])
    found: list[int] = []
    with pytest.raises(ArchiveError, match=r"ends too early, in or after line [\d,]+\.") as caught:
        read_to_the_end(path, found)
    assert str(path) in str(caught.value)
    assert found == [5000 + n for n in range(len(found))]
    assert len(found) > 1000


def test_a_damaged_file_is_refused_before_any_row(tmp_path: Path) -> None:
    path = write(tmp_path / f"{NAME}.zip", lines(100))
    raw = bytearray(path.read_bytes())
    raw[150] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        reading.measure(path)


def test_utf_16_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / f"{NAME}.csv", lines(3).encode("utf-16"))
    with pytest.raises(ArchiveError, match="it is UTF-16"):
        reading.measure(path)


def test_copies_that_differ_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{NAME}.csv", lines(2))
        packed.writestr(f"data/{NAME}.csv", lines(2).replace("61728", "61729", 1))
    with pytest.raises(ArchiveError, match=rf"{NAME}\.csv and data/{NAME}\.csv in it differ"):
        reading.measure(path)


def test_other_members_are_named(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.mkdir("data")
        packed.writestr(f"__MACOSX/._{NAME}.csv", b"\x00\x05")
        packed.writestr(f"data/{NAME}.csv", lines(2))
    assert firsts(path) == [5000, 5001]
    (remark,) = reading.measure(path).remarks
    assert remark == f"__MACOSX/._{NAME}.csv in it was not read"


@pytest.mark.parametrize("members", [[], ["readme.txt"], [f"{NAME}.zip"]])
def test_a_zip_without_rows_is_refused(tmp_path: Path, members: list[str]) -> None:
    path = tmp_path / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in members:
            packed.writestr(name, "x")
    with pytest.raises(ArchiveError, match=r"holds no \.csv, but"):
        reading.measure(path)


def bomb(path: Path, piece: bytes, count: int) -> Path:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open(f"{NAME}.csv", "w") as member,
    ):
        member.write(lines(3).encode())
        for _ in range(count):
            member.write(piece)
    return path


@pytest.mark.parametrize("piece", [b"0" * (1 << 20), b"\n" * (1 << 20), b"1,2\n" * (1 << 18)])
def test_a_zip_bomb_takes_little_memory_and_ends(tmp_path: Path, piece: bytes) -> None:
    path = bomb(tmp_path / f"{NAME}.zip", piece, 80)
    found: list[int] = []
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="what follows line 3 holds no aggTrade"):
            read_to_the_end(path, found)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Of 80 MiB that it unpacks to.
    assert peak < 64 << 20
    assert found == [5000, 5001, 5002]


def test_blocks_hold_whole_lines_however_a_file_is_cut() -> None:
    text = lines(30).encode()
    for size in (1, 7, 64, 1000):
        pieces = [text[n : n + size] for n in range(0, len(text), size)]
        found = [block for block in blocks(pieces, 200) if not block.dropped]
        assert b"".join(block.content for block in found) == text
        starts = [block.line for block in found]
        counts = [block.content.count(b"\n") for block in found]
        assert starts == [1 + sum(counts[:n]) for n in range(len(counts))]
