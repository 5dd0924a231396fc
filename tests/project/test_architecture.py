"""The parts: who may know of whom. Imports are read from the source, wherever in a module they stand."""

import ast
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
PACKAGES = ("prices", "pricetracker", "replay")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of ours that a module imports, itself included in none."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names = {f"{source}.{alias.name}" for alias in node.names}
            # `from package import module` imports the module; `from module import name` imports the module, too.
            found |= {name for name in names if name in MODULES} or {source}
    return frozenset(found & MODULES.keys() - {module})


def within(module: str, parts: Iterable[str]) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def members(*parts: str) -> list[str]:
    found = sorted(module for module in MODULES if within(module, parts))
    assert found, f"there is nothing in {parts}"
    return found


def strays(modules: Iterable[str], *, into: Iterable[str]) -> list[str]:
    """The imports of some modules that lead into parts of which they must not know."""
    return [
        f"{module} imports {imported}"
        for module in modules
        for imported in sorted(imports(module))
        if within(imported, into)
    ]


READING = [
    "prices.api",
    "prices.ask",
    "prices.coverage",
    "prices.live",
    "prices.models",
    "prices.page",
    "prices.admin",
]


# What a part may import of ours, besides itself. Only parts that are listed are held to it.
MAY_IMPORT = {
    "pricetracker": [],
    "prices.exchange": [],
    # How to stop a process is the same everywhere.
    "replay": ["pricetracker.process"],
}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_the_table_allows(part) -> None:
    allowed = [part, *MAY_IMPORT[part]]
    found = {(module, imported) for module in members(part) for imported in imports(module)}
    assert [pair for pair in sorted(found) if not within(pair[1], allowed)] == []


def test_writing_knows_nothing_of_reading() -> None:
    # The models are where both meet.
    reading = [part for part in READING if part != "prices.models"]
    assert strays(members("prices.recording"), into=reading) == []


def test_reading_knows_nothing_of_the_exchange_and_of_writing() -> None:
    foreign = ["prices.exchange", "prices.recording", "replay"]
    assert strays(members(*READING), into=foreign) == []


def test_nothing_but_commands_wires_the_parts_together() -> None:
    commands = ["prices.management"]
    others = [module for module in MODULES if not within(module, commands)]
    assert strays(others, into=commands) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    settled: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in settled:
            for imported in sorted(imports(module)):
                visit(imported, (*path, module))
            settled.add(module)

    for module in MODULES:
        visit(module, ())


def test_the_walk_sees_relative_and_absolute_imports_and_those_in_functions() -> None:
    """What these tests would otherwise quietly pass over."""
    assert "prices.exchange.messages" in imports("prices.recording.writer")
    assert "prices.recording.counters" in imports("prices.recording.writer")
    assert "replay.server" in imports("prices.management.commands.start")
    assert "prices.models.symbol" in imports("prices.models.price")
    assert "pricetracker.symbols" in imports("pricetracker.env")


def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
