"""Migrations that have landed stay as they are; what changes a table is a new one."""

import hashlib
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

import prices.migrations
from prices.models import Symbol
from tests.support.local_exchange import BTC
from tests.support.tapes import (
    closed_candles,
    instant,
    open_tape,
    recorded,
    stored_coarse_candles,
    tick,
)

FOLDER = Path(prices.migrations.__path__[0])

# One line a file, as sha256sum writes it.
LANDED = Path(__file__).parents[1] / "data" / "migrations.sha256"

WRITE_A_NEW_ONE = (
    "{} has landed, and tapes exist that it has made: a landed migration is never edited."
    " Undo the change and write a new migration."
)


def checksum(path: Path) -> str:
    # Whatever line endings a checkout has.
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def landed() -> dict[str, str]:
    lines = LANDED.read_text(encoding="utf-8").splitlines()
    return {name: found for found, name in (line.split() for line in lines)}


def present() -> dict[str, Path]:
    files = [path for path in FOLDER.rglob("*") if path.suffix in {".py", ".sql"}]
    return {path.relative_to(FOLDER).as_posix(): path for path in files if path.stat().st_size}


def test_a_landed_migration_is_never_edited() -> None:
    files = present()
    for name, known in landed().items():
        assert name in files, WRITE_A_NEW_ONE.format(name)
        assert checksum(files[name]) == known, WRITE_A_NEW_ONE.format(name)


def test_every_migration_is_on_the_list() -> None:
    new = sorted(present().keys() - landed().keys())
    lines = "\n".join(f"{checksum(present()[name])}  {name}" for name in new)
    assert not new, f"New migrations are added to {LANDED.name} as they land:\n{lines}"


@pytest.mark.django_db(transaction=True)
def test_a_tape_without_pruned_through_is_mended() -> None:
    """As made by 4d37b93 to a5d04b0, whose migration 0006 did not have this column."""
    with open_tape() as tape:
        tape.store([tick(1), tick(2, 1)])
    call_command("migrate", "prices", "0008", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE prices_symbol DROP COLUMN pruned_through")
        cursor.execute("DELETE FROM prices_price WHERE id & 15 = 1")
        cursor.execute("UPDATE prices_symbol SET kept_from = 2")
    call_command("migrate", "prices", verbosity=0)
    found = Symbol.objects.get()
    assert (found.kept_from, found.pruned_through) == (2, instant(tick(2, 1).traded))


@pytest.mark.django_db(transaction=True)
def test_coarse_candles_of_an_existing_tape_are_filled() -> None:
    """Over midnight, so that intervals of each width have ended; and of a tape with a long
    pause.
    """
    ticks = [*recorded(BTC), tick(1, 0, symbol="ETHUSDT"), tick(2, 200_000, symbol="ETHUSDT")]
    with open_tape("BTCUSDT", "ETHUSDT", "ADAUSDT") as tape:
        tape.store(ticks)
    call_command("migrate", "prices", "0012", verbosity=0)
    call_command("migrate", "prices", verbosity=0)
    found = stored_coarse_candles()
    assert {width for symbol, width, _ in found if symbol == "BTCUSDT"} == {15, 60, 240, 1440}
    assert found == closed_candles(ticks)
