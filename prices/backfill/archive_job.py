"""The import of archive files as a command runs it: checked first, then one file after another."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pricetracker.archive import names
from pricetracker.archive.errors import ArchiveError
from pricetracker.process.signals import StopRequest

from ..formats.counts import counted
from ..recording.reconnecting import ReconnectingTape
from ..recording.tape import Tape
from ..sql import statement
from .archive_import import ArchiveImport
from .pacing import Pacing
from .survey import Survey
from .tally import Tally

MISSING = statement("read/missing_within")

# Shows what is being done, how many more lines are read, and how much of it is done, from 0 to 1.
Show = Callable[[str, int, float | None], None]


class ArchiveJob:
    """say: takes a line about what was not imported, or not as it is. show: see `Show`.

    Raises ArchiveError when the paths name no archive files.
    """

    def __init__(
        self, paths: Sequence[Path], *, say: Callable[[str], None], show: Show, stop: StopRequest
    ) -> None:
        self._say = say
        self._show = show
        self._stop = stop
        found = names.find(paths)
        if found.others:
            say(f"Not read: {counted(found.others, 'file')} with other names in these folders.")
        self._survey = Survey(say, stop)
        self._survey.run(found.files, lambda path, part: show(f"checking {path.name}", 0, part))
        self._total = sum(self._survey.lines.values()) or 1
        self._read = 0

    def plan(self) -> list[str]:
        """What an import would be, a line per symbol."""
        return list(self._survey.told())

    @property
    def is_readable(self) -> bool:
        return not self._survey.failed and not self._stop()

    def run(self, tape: ReconnectingTape) -> tuple[list[str], bool]:
        """The result, a line per symbol; and whether everything readable was imported."""
        importer = ArchiveImport(
            tape,
            say=self._say,
            step=self._step,
            stopped=self._stop,
            pacing=Pacing(self._stop.wait),
        )
        whole = self.is_readable
        for file in self._survey.files:
            if self._stop():
                break
            self._name = file.path.name
            try:
                importer.run(file)
            except ArchiveError as error:
                self._say(str(error))
                whole = False
        tallies = [tally for _, tally in sorted(importer.tallies.items())]
        told = [tape.insist(lambda opened: summary(opened, tally)) for tally in tallies]  # noqa: B023 - called at once
        return told, whole and not self._stop() and not any(each.refused for each in tallies)

    def _step(self, lines: int) -> None:
        self._read += lines
        self._show(self._name, lines, min(1.0, self._read / self._total))


def summary(tape: Tape, tally: Tally) -> str:
    """The result for one symbol in a line. Raises one of AWAY."""
    if tally.first is None:
        return tally.told(0, 0)
    span = {"symbol": tape.numbers[tally.symbol], "first": tally.first, "last": tally.last}
    ((gaps, missing),) = tape.database.execute(MISSING, span).fetchall()
    return tally.told(missing, gaps)
