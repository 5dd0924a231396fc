"""What is left out of the fast run is there, and nothing that drives a browser is in it."""

import re
from pathlib import Path

from tests.conftest import SLOW

TESTS = Path(__file__).parents[1]


def test_every_slow_module_is_there() -> None:
    assert [name for name in sorted(SLOW) if not (TESTS / name).exists()] == []


# A browser, programs, an exchange, and servers of PostgreSQL.
BEGINS = re.compile(
    r"^pytestmark = pytest\.mark\.browser"
    r"|\bsubprocess\.|\bmanage\(|\b(?:local_exchange|running_site)\(|: Private\b",
    re.MULTILINE,
)


def test_modules_that_start_something_are_slow() -> None:
    begin = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and BEGINS.search(path.read_text(encoding="utf-8"))
    }
    assert {"page/test_browser.py", "recording/test_killed.py", "process/test_start.py"} <= begin
    assert begin - SLOW == set()
