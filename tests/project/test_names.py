"""Names of tests can be typed after `-k`: each is under 60 characters."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]

# Characters.
SHORT = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function) and node.name.startswith("test_"):
            yield node.name


def test_each_is_short() -> None:
    found = {
        path.relative_to(TESTS).as_posix(): list(names(path)) for path in TESTS.rglob("test_*.py")
    }
    assert "test_each_is_short" in found["project/test_names.py"]
    long = [
        f"{module}::{name}" for module, of in found.items() for name in of if len(name) >= SHORT
    ]
    assert long == []
