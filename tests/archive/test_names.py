"""Which files are of the archive, of which symbol, and whether they are what was published."""

import hashlib
from pathlib import Path

import pytest

from pricetracker.archive import checksum, names
from pricetracker.archive.errors import ArchiveError


def made(folder: Path, *paths: str) -> None:
    for each in paths:
        path = folder / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_is_searched_in_order_of_time(tmp_path: Path) -> None:
    made(
        tmp_path,
        "b/BTCUSDT-aggTrades-2025-07-04.csv",
        "a/c/BTCUSDT-aggTrades-2025-07-03.zip",
        "a/c/BTCUSDT-aggTrades-2025-07-03.zip.CHECKSUM",
        "ETHUSDT-aggTrades-2024-01.csv.gz",
        "币安人生USDT-aggTrades-2025-12-01.csv.zip",
        "notes.txt",
        "BTCUSDT-trades-2025-07-03.zip",
    )
    found = names.find([tmp_path, tmp_path / "b" / "BTCUSDT-aggTrades-2025-07-04.csv"])
    assert [(file.symbol, file.period) for file in found.files] == [
        ("BTCUSDT", "2025-07-03"),
        ("BTCUSDT", "2025-07-04"),
        ("ETHUSDT", "2024-01"),
        ("币安人生USDT", "2025-12-01"),
    ]
    assert found.others == 2


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("BTCUSDT-aggTrades-2025-07-03.zip", "there is no such file or folder"),
        ("notes.txt", "the name must be like"),
        ("empty", "the folder has no archive file"),
    ],
)
def test_a_path_that_names_no_archive_is_refused(tmp_path: Path, path: str, why: str) -> None:
    made(tmp_path, "notes.txt", "empty/btcusdt-aggTrades-2025-07-03.zip")
    with pytest.raises(ArchiveError, match=why):
        names.find([tmp_path / path])


FILE = "BTCUSDT-aggTrades-2025-07-03.zip"
RIGHT = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize("line", ["{} {}", "{}  {}\n", "{} *{}\r\n", "\ufeff{}  data/{}"])
def test_a_checksum_that_fits_passes(tmp_path: Path, line: str) -> None:
    made(tmp_path, FILE)
    (tmp_path / f"{FILE}.CHECKSUM").write_text(line.format(RIGHT.upper(), FILE), "utf-8")
    assert checksum.verify(tmp_path / FILE)


def test_without_a_checksum_nothing_is_compared(tmp_path: Path) -> None:
    made(tmp_path, FILE)
    assert not checksum.verify(tmp_path / FILE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{'0' * 64}  {FILE}", "does not match"),
        (f"{RIGHT}  other.zip", "has no SHA-256 checksum of it"),
        ("<html>404</html>", "has no SHA-256 checksum of it"),
    ],
)
def test_a_checksum_that_differs_refuses_the_file(tmp_path: Path, text: str, why: str) -> None:
    made(tmp_path, FILE)
    (tmp_path / f"{FILE}.CHECKSUM").write_text(text, encoding="utf-8")
    with pytest.raises(ArchiveError, match=why):
        checksum.verify(tmp_path / FILE)
