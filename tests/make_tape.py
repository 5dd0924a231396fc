r"""Makes a small tape with the code of the present folder, and dumps it for
tests/models/test_upgrade.

A landed release adds its own dump, so that later ones are tested with what it really wrote: in
a checkout of that commit (with `pip install -r requirements.txt` of that commit), run

    PRICETRACKER_HOME=<an empty folder> python <here>/tests/make_tape.py \
        <here>/tests/data/tapes/<commit>.sql.gz

An older commit is served as well: the script imports the tape of the present folder, not of its
own, and leaves out what the commit cannot do yet. A dump that exists is never made again.
"""

import csv
import gzip
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent

# A few thousand ticks are enough for every state that a row can be in, and small in a repository.
RECORDINGS = {
    "BTCUSDT": (PROJECT / "replay/recordings/BTCUSDT-aggTrades-2024-08-08.csv.gz", 1_600),
    "TRXUSDT": (PROJECT / "tests/data/TRXUSDT-aggTrades-2025-03-04.csv.gz", 1_200),
}

BATCH = 100


def recorded(symbol: str) -> list[Any]:
    """The first ticks of a recording, as the commit's own decoder would deliver them."""
    messages = import_module("prices.exchange.messages")
    decoded = getattr(messages, "AggTrade", None) or messages.Tick
    path, count = RECORDINGS[symbol]
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return [
            decoded(symbol, int(first), int(last), price, quantity, int(time), int(time))
            for _, price, quantity, first, last, time, *_ in itertools.islice(
                csv.reader(lines), count
            )
        ]


def instant(time: int) -> datetime:
    """Of milliseconds or, as in the newer recording, microseconds."""
    unit = timedelta(milliseconds=1) if time < 10**14 else timedelta(microseconds=1)
    return datetime(1970, 1, 1, tzinfo=UTC) + time * unit


def batches(ticks: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(ticks), BATCH):
        yield ticks[start : start + BATCH]


def record(tape: Any) -> None:
    """Two symbols: gaps that are open, repaired, filled in part and void, ticks that came late or
    twice, ticks that were pruned, a repair that failed, a heartbeat, and a feed that is down."""
    tape.register(list(RECORDINGS))
    bitcoin(tape, recorded("BTCUSDT"))
    tron(tape, recorded("TRXUSDT"))


def bitcoin(tape: Any, ticks: list[Any]) -> None:
    missing = {
        "repaired": range(500, 520),
        "open": range(700, 730),
        "in part": range(900, 960),
        "void": range(1_100, 1_101),
        "came late": range(1_250, 1_260),
    }
    left_out = set(itertools.chain.from_iterable(missing.values()))
    for batch in batches([tick for n, tick in enumerate(ticks) if n not in left_out]):
        tape.store(batch)

    def of(name: str) -> list[Any]:
        return [ticks[n] for n in missing[name]]

    tape.fill("BTCUSDT", of("repaired"))
    tape.fill("BTCUSDT", of("in part")[:25])
    tape.void("BTCUSDT", of("void")[0].first, of("void")[-1].last)
    # With neighbours that are known, as from a connection that overlaps with another.
    tape.store(ticks[1_245:1_265])
    first = of("open")[0].first
    [(gap,)] = tape.database.execute(
        "SELECT id FROM prices_gap WHERE first_trade = %s", [first]
    ).fetchall()
    tape.tried(gap)
    tape.failed(gap, "HTTP 503: the exchange's words,\twith a tab, a \\ and\na second line")
    tape.heartbeat(["BTCUSDT"], instant(ticks[-1].traded), timedelta(milliseconds=83))


def tron(tape: Any, ticks: list[Any]) -> None:
    for batch in batches(ticks):
        tape.store(batch)
    tape.heartbeat(["TRXUSDT"], instant(ticks[-1].traded) + timedelta(seconds=1))
    # Their candles stay.
    if hasattr(tape, "prune"):
        while tape.prune("TRXUSDT", instant(ticks[500].traded), BATCH).ticks:
            pass
    tape.withdraw()


def pg_dump(params: dict[str, Any]) -> bytes:
    """Everything in a database, as SQL. Raises CalledProcessError."""
    programs = import_module("pricetracker.postgres.programs")
    host, port, user = params["host"], str(params["port"]), params["user"]
    made = subprocess.run(
        [
            programs.path("pg_dump"),
            *("--format=plain", "--no-owner", "--no-privileges"),
            *("--host", host, "--port", port, "--username", user, params["dbname"]),
        ],
        env=os.environ | {"PGPASSWORD": params.get("password") or ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    return made.stdout


def dump(params: dict[str, Any], to: Path) -> None:
    """The same, packed, into a new file."""
    with to.open("xb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        packed.write(pg_dump(params))


def main(to: Path) -> None:
    # Of the folder that this is called in.
    sys.path[0] = str(Path.cwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = "pricetracker.settings"
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    name = "prices.recording.session" if find_spec("prices.recording.session") else None
    session = import_module(name or "prices.recording.line")
    database = session.connect(application_name="make_tape")
    record(import_module("prices.recording.tape").Tape(database))
    dump(import_module("django.db").connection.get_connection_params(), to)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
