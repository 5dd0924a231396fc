"""Archive files for tests, and the import of some through the command."""

import csv
import gzip
import zipfile
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from django.core.management import call_command

from prices.exchange.messages import AggTrade

CASES = Path(__file__).parents[1] / "data" / "archives"

DAY = "2024-08-08"


def text_of(ticks: Iterable[AggTrade]) -> str:
    """Rows of the archive; the aggregate ids are made up."""
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for n, t in enumerate(ticks, 1):
        rows.writerow((n, t.price, t.quantity, t.first, t.last, t.traded, t.is_buyer_maker, "True"))
    return out.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """A file as its name says: plain, gzipped or zipped."""
    raw = content if isinstance(content, bytes) else content.encode()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(raw, compresslevel=1))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(f"{path.name.removesuffix('.zip').removesuffix('.csv')}.csv", raw)
    else:
        path.write_bytes(raw)
    return path


def archive(folder: Path, ticks: list[AggTrade], period: str = DAY, suffix: str = "zip") -> Path:
    """A file of some ticks of one symbol."""
    path = folder / f"{ticks[0].symbol}-aggTrades-{period}.{suffix}"
    return write(path, text_of(ticks))


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def backfill(*arguments: str | Path) -> Outcome:
    """`backfill_prices`, in this process."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("backfill_prices", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())
