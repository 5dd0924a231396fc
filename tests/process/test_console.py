"""A console that cannot show a character: what it cannot show is spelt out, and ends no command."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from prices.models import Price
from tests.support.local_exchange import BTC, local_exchange
from tests.support.recorders import PATIENCE, eventually, manage, recorder

# Binance lists symbols like this one. Neither of the two encodings has a letter of it.
SYMBOL = "币安人生USDT"
SPELT_OUT = SYMBOL.encode("ascii", "backslashreplace").decode("ascii")

ENCODINGS = ["ascii", "cp1252"]

COMMANDS = [["verify_prices", SYMBOL], ["repair_gaps", SYMBOL], ["prune_prices", "--keep", "1d"]]


def said(*arguments: str, **environment: str) -> tuple[int, str]:
    process = manage(*arguments, **environment)
    output, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, output


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.django_db(transaction=True)
def test_a_symbol_of_any_script_is_recorded_and_audited(tmp_path: Path, encoding: str) -> None:
    recording = tmp_path / f"{SYMBOL}-aggTrades-2024-08-08.csv.gz"
    shutil.copy(BTC, recording)
    console = {"PYTHONIOENCODING": encoding}
    with local_exchange(recording) as exchange:
        with recorder(exchange, SYMBOL, **console) as process:
            eventually(Price.objects.exists)
        urls = {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}
        outputs = [said(*command, **console, **urls)[1] for command in COMMANDS]
    assert not any("Traceback" in output for output in outputs)
    assert SPELT_OUT in outputs[0]
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.django_db
def test_an_error_is_told_all_the_same(encoding: str) -> None:
    code, output = said("check", TRACKED_SYMBOLS="币 安", PYTHONIOENCODING=encoding)
    assert code == 1
    assert output.startswith(r"manage.py: TRACKED_SYMBOLS is '\u5e01 \u5b89', but it must be ")


@pytest.mark.skipif(sys.platform == "win32", reason="names there are not bytes")
@pytest.mark.django_db
def test_so_is_one_that_names_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "Bücher" / os.fsdecode(b"latin-\xfc")
    folder.parent.mkdir()
    folder.write_text("", encoding="utf-8")
    home = {"PRICETRACKER_HOME": str(folder), "DATABASE_URL": "", "SECRET_KEY": ""}
    for encoding in ENCODINGS:
        code, output = said("migrate", PYTHONIOENCODING=encoding, **home)
        assert code == 1
        assert "Traceback" not in output
