"""What is left out of the fast run is there, and nothing that drives a browser is in it."""

from pathlib import Path

from tests.conftest import SLOW

TESTS = Path(__file__).parents[1]


def test_every_slow_module_is_there() -> None:
    assert [name for name in sorted(SLOW) if not (TESTS / name).exists()] == []


def test_modules_with_a_browser_are_slow() -> None:
    texts = {
        path.relative_to(TESTS).as_posix(): path.read_text(encoding="utf-8")
        for path in TESTS.rglob("test_*.py")
    }
    driven = {name for name, text in texts.items() if "\npytestmark = pytest.mark.browser" in text}
    assert driven
    assert driven - SLOW == set()
