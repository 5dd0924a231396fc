"""No test hangs for ever: it fails, and shows what each thread was doing. Also in one of several
processes.
"""

import subprocess
import sys
from pathlib import Path

import pytest

HANGING = """
import threading

def helper():
    threading.Event().wait()

def test_hangs():
    threading.Thread(target=helper, daemon=True).start()
    threading.Event().wait()

def test_comes_after_it():
    pass
"""

# The project's own, but for the seconds.
INI = """
[pytest]
addopts = -n 1 -p no:django -p no:cacheprovider
timeout_method = {method}
timeout = 3
faulthandler_timeout = 1
"""


def test_threads_are_shown_before_the_limit(pytestconfig: pytest.Config) -> None:
    shown = float(pytestconfig.getini("faulthandler_timeout"))
    assert 0 < shown < float(pytestconfig.getini("timeout"))


def test_a_test_that_hangs_fails_alone(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        INI.format(method=pytestconfig.getini("timeout_method")), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "in helper" in done.stdout
    assert "in test_hangs" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
