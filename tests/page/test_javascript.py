"""The page's modules by themselves: linted, and tested where they need no page.

Both need Node, and ESLint what `npm ci` installs. Neither is needed to run the tracker.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ESLINT = PROJECT / "node_modules" / "eslint" / "bin" / "eslint.js"

# The oldest Node that both the test runner and ESLint run on.
OLDEST_NODE = 18


def missing(why: str) -> None:
    # Where all is meant to be tested, a skip would pass for a success.
    pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def node() -> str:
    program = shutil.which("node")
    if program is None:
        missing("No Node was found.")
    assert program
    version = run(program, "--version").strip()
    if int(version[1:].split(".")[0]) < OLDEST_NODE:
        missing(f"Node {version} is too old: {OLDEST_NODE} is needed.")
    return program


@pytest.fixture(scope="module")
def eslint() -> Path:
    if not ESLINT.exists():
        npm = shutil.which("npm")
        if not os.environ.get("CI") or npm is None:
            missing("ESLint is not installed: run `npm ci`.")
        assert npm
        run(npm, "ci")
    return ESLINT


def test_the_modules_pass_their_unit_tests(node: str) -> None:
    tests = sorted((PROJECT / "tests" / "js").glob("*.test.mjs"))
    assert tests
    run(node, "--test", *tests)


def test_the_modules_pass_the_linter(node: str, eslint: Path) -> None:
    run(node, eslint, "--max-warnings", "0")


def test_the_lock_file_names_no_host_to_download_from() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for package in packages.values())


def test_every_node_package_is_pinned() -> None:
    wanted = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))
    assert [
        version for version in wanted["devDependencies"].values() if not version[0].isdigit()
    ] == []
