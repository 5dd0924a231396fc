"""manage.py price_at: a CSV goes in, the same rows with prices come out."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from prices.management.commands import price_at
from tests.support.tapes import open_tape, tick

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Every file has many parts. The command closes its connection, which a test's rollback needs.
    monkeypatch.setattr(price_at, "ROWS", 2)
    monkeypatch.setattr("prices.management.wiring.connection.close", lambda: None)
    with open_tape("BTCUSDT") as tape:
        tape.store([tick(n, n * 60, f"{n}.50") for n in range(1, 20)])
        yield


def run(file: Path, text: str, *options: str) -> tuple[list[dict[str, str]], int]:
    """The rows that come out, and the exit code."""
    file.write_text(text, encoding="utf-8", newline="")
    out = io.StringIO()
    code = 0
    try:
        call_command("price_at", str(file), *options, stdout=out)
    except SystemExit as left:
        code = int(left.code or 0)
    return list(csv.DictReader(io.StringIO(out.getvalue()))), code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trades.csv"


def test_columns_and_order_are_kept(file: Path) -> None:
    rows = [f'{n},"a, ""{n}""",btcusdt,2025-07-03T08:{30 + n}:01' for n in (7, 3, 9, 1, 5)]
    found, code = run(file, "\ufeffid,note,symbol,timestamp\r\n" + "\r\n".join(rows) + "\r\n")
    assert code == 0
    assert [row["id"] for row in found] == ["7", "3", "9", "1", "5"]
    assert [row["price"] for row in found] == ["7.5", "3.5", "9.5", "1.5", "5.5"]
    assert found[0] == {
        "id": "7",
        "note": 'a, "7"',
        "symbol": "btcusdt",
        "timestamp": "2025-07-03T08:37:01",
        "price": "7.5",
        "actual_timestamp": "2025-07-03T08:37:00",
        "trade": "7",
        "age": "1",
        "coverage": "complete",
        "error": "",
    }


def test_columns_may_have_other_names(file: Path) -> None:
    text = "when,pair\n2025-07-03T10:31:01,BTCUSDT\n2025-07-03T08:32:01Z,BTCUSDT\n"
    options = ("--symbol-column", "pair", "--time-column", "when", "--time-zone", "Europe/Berlin")
    found, code = run(file, text, *options)
    assert (code, [row["price"] for row in found]) == (0, ["1.5", "2.5"])
    assert found[0]["actual_timestamp"] == "2025-07-03T08:31:00Z"


def test_a_bad_row_says_so_and_spoils_no_other(file: Path) -> None:
    good = "BTCUSDT,2025-07-03T08:31:01"
    text = f"symbol,timestamp\n{good}\nBTC/USDT,1\nXRPUSDT,2025-07-03T08:31:01\nBTCUSDT\n{good}\n"
    found, code = run(file, text)
    assert code == 1
    assert [row["price"] for row in found] == ["1.5", "", "", "", "1.5"]
    assert [bool(row["error"]) for row in found] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "one column symbol. The file has: none"),
        ("a,b\n", "The file has: a, b"),
        ("symbol,symbol,timestamp\n", "one column symbol"),
        ("symbol,timestamp,price\n", "a column price already"),
        ('symbol,timestamp\n"BTCUSDT\n', "not valid CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(file: Path, text: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(file, text)


def test_a_missing_file_or_zone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("price_at", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="Nowhere"):
        call_command("price_at", "--time-zone", "Europe/Nowhere")
