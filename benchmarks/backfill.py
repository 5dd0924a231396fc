"""Import of archive files: rows a second from the file to the commit, and its memory.

The baseline is COPY of the same rows in one go into the same table, as in `storing`. The file is a
zip of one symbol's recording, over and over; once the tape is empty, and once it has every tick.
Memory is what the process takes more: for a tenth of the file first, and then for all of it.

And freshness of a recorder of 1,000 ticks a second, as in `freshness`, with and without an import
of the same symbol beside it.
"""

import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from prices.exchange.messages import AggTrade
from pricetracker.process.supervisor import Children
from replay import archive, ledger

from . import freshness
from .crowd import understood
from .figures import Table, spread
from .ground import ground
from .options import Options
from .processes import MEBIBYTE
from .recording import measure, migrated
from .storing import COPY, EMPTY, PIECE, row
from .tracker import SHIPPED_RATE, looped, never, recording, stay
from .witnesses import tracked

SYMBOL = "BTCUSDT"

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Ticks a second that are recorded beside an import.
RATE = 1_000

# All ticks of the symbol that are older than a day: the file's are of 2024.
FORGET = """
DELETE FROM prices_price WHERE timestamp < now() - interval '1 day'
    AND symbol_id = (SELECT id FROM prices_symbol WHERE name = %(symbol)s)
"""

# Rows of the file: a day of the busiest symbol has one to three million.
ROWS = 1_000_000
TENTH = ROWS // 10


def run(options: Options) -> list[Table]:
    with (
        ground() as here,
        Children(os.environ | here) as children,
        tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder,
    ):
        children.announced(migrated, stop=never)
        small, large = (written(Path(folder), rows) for rows in (TENTH, ROWS))
        rounds = [
            {
                **measure(here, peak, str(small), "of a tenth of the file"),
                **measure(here, peak, str(large), "of the file"),
                **measure(here, rates, str(large)),
            }
            for _ in range(options.rounds)
        ]
        tables = [spread(f"import of a file of {ROWS:,} rows", rounds)]
        return [*tables, *freshness_beside(large, options)]


def freshness_beside(path: Path, options: Options) -> list[Table]:
    """Of a recorder alone, and of one beside an import, in turn."""
    alone, beside = [], []
    with recording(SYMBOLS, looped, (), RATE / SHIPPED_RATE) as running:
        if not running.measure(tracked):
            return []
        time.sleep(freshness.SETTLING_IN)
        for _ in range(options.rounds):
            alone.append(freshness.measure(running, options.seconds))
            with Children(running.environment) as children:
                children.announced(importing, str(path), stop=never)
                beside.append(freshness.measure(running, options.seconds))
    return [
        freshness.report(RATE, alone),
        freshness.report(RATE, beside, "beside an import, "),
    ]


def importing(ready: Connection, path: str) -> None:
    """An import of history that the tape does not have, until it is ended."""
    import django

    django.setup()
    emptied_before(SYMBOL)
    ready.send(True)
    imported(path)
    stay()


def emptied_before(symbol: str) -> None:
    """Take off the tape what an earlier round has imported."""
    from prices.recording.session import connect

    with connect("benchmark") as database:
        database.execute(FORGET, {"symbol": symbol})


def ticks(rows: int) -> Iterator[AggTrade]:
    (recording,) = archive.read([path for path in archive.shipped() if SYMBOL in path.name])
    (market,) = ledger.Ledger([recording], loop=True).markets.values()
    return islice(understood(market), rows)


def written(folder: Path, rows: int) -> Path:
    path = folder / str(rows) / f"{SYMBOL}-aggTrades-2024-08.zip"
    path.parent.mkdir()
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open(f"{path.stem}.csv", "w") as member,
    ):
        for n, tick in enumerate(ticks(rows)):
            cells = (n, tick.price, tick.quantity, tick.first, tick.last, tick.traded)
            side = tick.is_buyer_maker is True
            member.write(f"{','.join(map(str, cells))},{side},True\n".encode())
    return path


def imported(path: str) -> float:
    """Rows a second."""
    from prices.backfill.archive_import import ArchiveImport
    from prices.backfill.pacing import Pacing
    from prices.recording.reconnecting import ReconnectingTape
    from prices.recording.session import connect
    from prices.recording.tape import Tape
    from pricetracker.archive.names import of

    tape = ReconnectingTape(lambda: Tape(connect("benchmark")), [])
    job = ArchiveImport(tape, say=print, pacing=Pacing(time.sleep))
    began = time.perf_counter()
    job.run(of(Path(path)))
    took = time.perf_counter() - began
    tape.close()
    tally = job.tallies[SYMBOL]
    return (tally.new + tally.known) / took


def emptied() -> None:
    from prices.recording.session import connect

    with connect("benchmark") as database:
        database.execute(EMPTY)


def peak(result: Connection, path: str, what: str) -> None:
    import django
    import psutil

    django.setup()
    emptied()
    before = psutil.Process().memory_info().rss
    imported(path)
    after = psutil.Process().memory_info().rss
    result.send({f"memory that the import {what} takes, MiB": (after - before) / MEBIBYTE})
    stay()


def rates(result: Connection, path: str) -> None:
    import django

    django.setup()

    from prices.recording.session import connect
    from prices.recording.tape import Tape

    tape = Tape(connect("benchmark"))
    tape.register([SYMBOL])
    pieces, source = [], ticks(ROWS)
    while piece := "".join(row(tick, tape.numbers) for tick in islice(source, PIECE)):
        pieces.append(piece)
    emptied()
    began = time.perf_counter()
    with tape.database.cursor() as cursor, cursor.copy(COPY) as rows:
        for piece in pieces:
            rows.write(piece)
    copied = ROWS / (time.perf_counter() - began)
    del pieces
    emptied()
    new, known = imported(path), imported(path)
    emptied()
    tape.close()
    result.send(
        {
            "COPY in one go, rows a second": copied,
            "import, rows a second": new,
            "import by COPY": new / copied,
            "every tick known already, rows a second": known,
            "every tick known already by COPY": known / copied,
        }
    )
    stay()
