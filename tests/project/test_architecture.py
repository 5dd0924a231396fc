"""The parts: who may know of whom. Imports are read from the source, wherever in a module they
stand.
"""

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
            # `from package import module` imports the module; `from module import name` imports the
            # module, too.
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


# What every part of prices may import: how things are written, and the errors of a database in
# words.
WORDS = [
    "prices.formats",
    "prices.minutes",
    "prices.folded_candle",
    "prices.candle_intervals",
    "prices.intervals",
    "prices.channels",
    "prices.counter_names",
    "prices.sql",
    "pricetracker.reasons",
]
WORDS += ["pricetracker.symbols"]
# What answers are made of.
READING = ["prices.models", "prices.coverage", *WORDS]
# What writes.
WRITING = ["prices.recording", "prices.exchange", "prices.patience", "pricetracker.process", *WORDS]

# What each part may import of ours, besides itself. docs/architecture.md explains it.
MAY_IMPORT = {
    "pricetracker": [],
    # How to stop a process is the same everywhere, and how the archive writes its files.
    "replay": ["pricetracker.archive", "pricetracker.process"],
    "prices.exchange": [],
    "prices.formats": ["prices.minutes"],
    "prices.coverage": WORDS,
    "prices.models": ["prices.coverage", *WORDS],
    "prices.recording": WRITING,
    # Puts a recorder together, repair included.
    "prices.recording.build": ["prices.repair", *WRITING],
    "prices.repair": WRITING,
    "prices.audit": WRITING,
    "prices.retention": WRITING,
    "prices.backfill": ["pricetracker.archive", *WRITING],
    "prices.live": ["pricetracker.serving.connections", *READING],
    "prices.api": ["prices.live", "pricetracker", *READING],
    "prices.page": ["prices.api", *READING],
    "prices.binance_api": ["prices.api", "replay.params", *READING],
    "prices.admin": READING,
    "prices.urls": ["prices.page", "prices.binance_api"],
    "prices.templatetags": ["prices.page"],
    "prices.apps": ["prices.checks"],
    "prices.checks": ["prices.exchange"],
    "prices.migrations": ["prices.models", "prices.patience", "prices.sql"],
}
# They wire the parts together, and nobody imports them.
COMMANDS = ["prices.management", "replay.management"]


def part_of(module: str) -> str | None:
    """The most exact part of the table that a module belongs to."""
    return max((part for part in MAY_IMPORT if within(module, [part])), key=len, default=None)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_the_table_allows(part) -> None:
    inside = [module for module in members(part) if part_of(module) == part]
    allowed = [part, *MAY_IMPORT[part]]
    found = {(module, imported) for module in inside for imported in imports(module)}
    assert [pair for pair in sorted(found) if not within(pair[1], allowed)] == []


def test_every_module_is_in_the_table() -> None:
    leaves = [*WORDS, "prices.patience", *COMMANDS, "prices"]
    unlisted = [name for name in MODULES if part_of(name) is None and not within(name, leaves[:-1])]
    assert unlisted == ["prices"]


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


def test_the_walk_sees_every_kind_of_import() -> None:
    """What these tests would otherwise quietly pass over."""
    assert "prices.exchange.messages" in imports("prices.recording.writer")
    assert "prices.recording.counters" in imports("prices.recording.writer")
    assert "replay.server" in imports("prices.management.commands.start")
    assert "prices.models.symbol" in imports("prices.models.price")
    assert "pricetracker.symbols" in imports("pricetracker.env")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
