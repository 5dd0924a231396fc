"""Archive files, checked and counted before anything of them is imported."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pricetracker.archive import checksum, reading
from pricetracker.archive.errors import ArchiveError
from pricetracker.archive.names import ArchiveFile

from .estimate import Estimate

# Ticks per second that are imported without a recorder beside, for the estimate.
RATE = 50_000


class Survey:
    """files: those that can be read. lines: how many each has. failed: how many cannot be read.

    `say` takes a remark about a file, or why it is not imported.
    """

    def __init__(
        self, say: Callable[[str], None], stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._say = say
        self._stopped = stopped
        self.files: list[ArchiveFile] = []
        self.lines: dict[Path, int] = {}
        self.failed = 0

    def run(self, files: Sequence[ArchiveFile], show: Callable[[Path, float], None]) -> None:
        """Read each file once. `show` takes the one that is next, and how much is done, 0 to 1."""
        sizes = [file.path.stat().st_size if file.path.is_file() else 0 for file in files]
        done, total = 0, sum(sizes) or 1
        for file, size in zip(files, sizes, strict=True):
            if self._stopped():
                return
            show(file.path, done / total)
            self._look(file)
            done += size

    def _look(self, file: ArchiveFile) -> None:
        try:
            checksum.verify(file.path)
            measured = reading.measure(file.path)
        except ArchiveError as error:
            self._say(str(error))
            self.failed += 1
            return
        for remark in measured.remarks:
            self._say(f"{file.path}: {remark}.")
        self.files.append(file)
        self.lines[file.path] = measured.lines

    def told(self) -> Iterator[str]:
        """What an import of the files would be, a line per symbol."""
        ticks: Counter[str] = Counter()
        for file in self.files:
            ticks[file.symbol] += self.lines[file.path]
        for symbol, count in sorted(ticks.items()):
            yield str(Estimate(symbol, count, weight=0, seconds=count / RATE))
