"""Reads recorded trades from files in the layout of Binance's public archive."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from .recording import Recording
from .rows import parse

SHIPPED = Path(__file__).parent / "recordings"

# BTCUSDT-aggTrades-2025-07-03.csv; a symbol may be of any script, but never in lower case.
FILE_NAME = re.compile(r"(?P<symbol>(?:[-.]|(?![a-z])\w){1,50})-aggTrades-.+\.csv(?:\.gz|\.zip)?")


class RecordingError(Exception):
    """A file that cannot be replayed; the message is one sentence for the user."""


def shipped() -> list[Path]:
    """The included recordings."""
    return sorted(SHIPPED.glob("*.csv.gz"))


def read(paths: Iterable[Path]) -> list[Recording]:
    """One recording per symbol; several files of one symbol are joined in the order of their
    ids.
    """
    by_symbol: dict[str, list[tuple[int, Path]]] = {}
    for path in paths:
        by_symbol.setdefault(_symbol_of(path), []).append((_first_id(path), path))
    recordings = []
    for symbol, files in sorted(by_symbol.items()):
        recording = Recording(symbol)
        for _, path in sorted(files):
            _append(recording, path, _lines(path))
        recordings.append(recording)
    return recordings


def _symbol_of(path: Path) -> str:
    named = FILE_NAME.fullmatch(path.name)
    if not named:
        raise RecordingError(
            f"{path}: the name must be like BTCUSDT-aggTrades-2025-07-03.csv, .csv.gz or .csv.zip."
        )
    return named["symbol"]


def _first_id(path: Path) -> int:
    beginning = Recording("")
    _append(beginning, path, islice(_lines(path), 1))
    if not beginning:
        raise RecordingError(f"{path}: it contains no trades.")
    return beginning.agg_ids[0]


def _append(recording: Recording, path: Path, lines: Iterable[tuple[int, str]]) -> None:
    for number, line in lines:
        try:
            recording.append(*parse(line))
        except ValueError as error:
            raise RecordingError(f"{path}, line {number}: {error}.") from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered as an editor numbers them, without the header."""
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, 1):
                # The archive has no header; some tools add one.
                if number > 1 or line.split(",")[0].strip().isdecimal():
                    yield number, line
    except UnicodeDecodeError:
        raise RecordingError(f"{path}: not a text file.") from None
    except (EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise RecordingError(f"{path}: cannot be unpacked ({error}).") from None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror or error}).") from None


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield lines
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            if len(names) != 1:
                raise RecordingError(f"{path}: must hold one file, not {len(names)}.")
            with packed.open(names[0]) as raw, io.TextIOWrapper(raw, encoding="utf-8") as lines:
                yield lines
    else:
        with path.open(encoding="utf-8") as lines:
            yield lines
