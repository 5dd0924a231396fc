"""Cost: bytes a tick on disk, memory of each process, what a missed hour takes of the exchange's
limits, and how long a start takes.
"""

from . import disk, memory, missed_hour, starting
from .figures import Table
from .options import Options


def run(options: Options) -> list[Table]:
    return [
        disk.run(),
        missed_hour.run(options.rounds),
        starting.run(options.rounds),
        *memory.run(),
    ]
