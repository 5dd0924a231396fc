"""The exchange stands apart: it knows nothing of the tracker that it is the bench for."""

import ast
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).parent.parent / "replay").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_of_the_exchange_imports_the_tracker(module):
    imported = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module.split(".")[0])
    assert not imported & {"prices", "pricetracker", "tests"}
