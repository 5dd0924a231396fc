"""The seed of a run: fixed in CI, drawn elsewhere, shown, and enough to repeat the run."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.support.seeds import FIXED, VARIABLE, choose_seed


@pytest.fixture(autouse=True)
def no_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "CI"):
        monkeypatch.delenv(name, raising=False)


def test_is_fixed_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert choose_seed() == FIXED


def test_in_ci_is_the_same_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs share no process: a constant that is drawn at import would be theirs alone."""
    monkeypatch.setenv("CI", "true")
    assert seed_of_a_run() == seed_of_a_run() == str(FIXED)


def seed_of_a_run() -> str:
    program = "from tests.support.seeds import choose_seed; print(choose_seed())"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return run.stdout.strip()


def test_is_drawn_in_ci_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv(VARIABLE, "random")
    assert choose_seed() != FIXED
    assert os.environ[VARIABLE] != "random"


def test_is_drawn_elsewhere() -> None:
    first = choose_seed()
    os.environ.pop(VARIABLE)
    assert choose_seed() != first


def test_is_that_of_the_run_in_its_other_processes() -> None:
    assert choose_seed() == choose_seed()


def drawn(seed: str) -> list[str]:
    """The header's seed, and what the tests of `tests/support/drawing.py` draw."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "0",
            "-m",
            "drawn",
            "-s",
            "tests/support/drawing.py",
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, VARIABLE: seed},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return re.findall(r"^seed: \d+|drawn: .*", run.stdout, re.MULTILINE)


def test_repeats_a_run() -> None:
    one, again, other = drawn("5"), drawn("5"), drawn("6")
    assert one[0] == "seed: 5"
    assert len(one) == 5
    assert one == again
    assert one[1:] != other[1:]
