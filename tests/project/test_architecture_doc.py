"""docs/architecture.md: whatever it names is there, under that name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.project.test_architecture import COMMANDS, MAY_IMPORT

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")

# A file or a folder of ours, and perhaps what it defines: `prices/coverage.py::KnownTape.of_price`.
TOPS = r"(?:\.ci|benchmarks|docs|prices|pricetracker|replay|static|templates|tests)"
PLACE = re.compile(rf"(?<![\w/]){TOPS}/[\w./-]*\w/?(?:::[\w.]+\w)?")


def places() -> list[str]:
    return sorted(set(PLACE.findall(DOCUMENT)))


@cache
def definitions(path: Path) -> frozenset[str]:
    """The classes, functions, methods and constants of a module, as `Class.method`."""
    found: set[str] = set()

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(prefix + child.name)
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.Assign):
                names = (target for target in child.targets if isinstance(target, ast.Name))
                found.update(prefix + name.id for name in names)

    visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return frozenset(found)


@pytest.mark.parametrize("place", places())
def test_a_place_that_is_named_is_there(place: str) -> None:
    path, _, name = place.partition("::")
    assert (PROJECT / path).exists()
    if name:
        assert name in definitions(PROJECT / path)


def test_no_file_is_named_without_its_folder() -> None:
    """Otherwise the test above would pass over it, and a reader would have to look for it."""
    named = re.findall(r"`([^`]+)`", DOCUMENT)
    packages_and_commands = ("prices.", "manage.py ")
    files = [
        name
        for name in named
        if re.search(r"\.(?:py|sql|md|js)\b", name) and not name.startswith(packages_and_commands)
    ]
    assert files
    assert [name for name in files if not PLACE.fullmatch(name)] == []


def test_the_table_of_imports_has_every_part() -> None:
    table = DOCUMENT.partition("## Who may import whom")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    parts = [part for row in rows for part in re.findall(r"`([^`]+)`", row)]
    assert sorted(parts) == sorted([*MAY_IMPORT, *COMMANDS])


def test_every_thread_that_has_a_name_is_in_a_table() -> None:
    named = {
        name
        for package in ("prices", "pricetracker")
        for path in (PROJECT / package).rglob("*.py")
        for name in re.findall(r"Thread\([^)]*name=\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    }
    assert named >= {"writer", "background", "standby", "REST", "live push"}
    assert [name for name in named if f"`{name}`" not in DOCUMENT] == []
