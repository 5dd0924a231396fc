"""The figures of the last run of each part, as JSON."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from .figures import Table
from .options import Options

# Those that docs/performance.md tells, and those of anybody's last run.
KEPT = Path("docs") / "performance.json"
LAST = Path("var") / "performance.json"


def read(file: Path) -> dict[str, Any]:
    """By part: when and on what machine it ran, and its tables by title, whose rows are by name and
    their figures by column.
    """
    if not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def keep(file: Path, part: str, tables: list[Table], options: Options) -> None:
    found = read(file) | {
        part: {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "options": options._asdict(),
            "tables": {
                table.title: {
                    name: {column: round(figure, 4) for column, figure in row.items()}
                    for name, row in table.rows.items()
                }
                for table in tables
            },
        }
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def machine() -> str:
    memory = round(psutil.virtual_memory().total / 2**30)
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory} GiB, {system}"
