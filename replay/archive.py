"""Reads recorded trades from files in the layout of Binance's public archive."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pricetracker.archive import names, reading
from pricetracker.archive.columns import Rows
from pricetracker.archive.errors import ArchiveError

from .recording import Recording

SHIPPED = Path(__file__).parent / "recordings"


class RecordingError(Exception):
    """A file that cannot be replayed; the message is one sentence for the user."""


def shipped() -> list[Path]:
    """The included recordings."""
    return sorted(SHIPPED.glob("*.csv.gz"))


def read(paths: Iterable[Path]) -> list[Recording]:
    """One recording per symbol; several files of one symbol are joined in the order of their
    ids.

    Raises RecordingError for whatever is no recording from its first to its last line.
    """
    try:
        return _joined(paths)
    except ArchiveError as error:
        raise RecordingError(str(error)) from None


def _joined(paths: Iterable[Path]) -> list[Recording]:
    by_symbol: dict[str, list[tuple[int, Path]]] = {}
    for path in paths:
        by_symbol.setdefault(names.of(path).symbol, []).append((_first_id(path), path))
    recordings = []
    for symbol, files in sorted(by_symbol.items()):
        recording = Recording(symbol)
        for _, path in sorted(files):
            for rows in reading.read(path):
                _append(recording, path, rows)
        recordings.append(recording)
    return recordings


def _first_id(path: Path) -> int:
    for rows in reading.read(path):
        _check(path, rows)
        if rows:
            return rows.agg_ids[0]
    raise RecordingError(f"{path}: it contains no trades.")


def _check(path: Path, rows: Rows) -> None:
    for line, reason, *_ in rows.unreadable:
        raise RecordingError(f"{path}, line {line}: {reason}.")


def _append(recording: Recording, path: Path, rows: Rows) -> None:
    _check(path, rows)
    columns = (
        rows.agg_ids,
        map(padded, rows.prices),
        map(padded, rows.quantities),
        rows.firsts,
        rows.lasts,
        rows.times,
        map(_flags, rows.buyer_makers, rows.best_matches),
    )
    for line, row in zip(rows.lines, zip(*columns, strict=True), strict=True):
        try:
            recording.append(*row)
        except ValueError as error:
            raise RecordingError(f"{path}, line {line}: {error}.") from None


@lru_cache(maxsize=1 << 16)  # Prices and quantities come back often: one string serves many rows.
def padded(number: str) -> str:
    """A number as the exchange writes it, with eight decimals."""
    whole, _, decimals = number.partition(".")
    return f"{whole}.{decimals[:8]:0<8}"


def _flags(buyer_maker: bool, best_match: bool) -> int:
    return buyer_maker | best_match << 1
