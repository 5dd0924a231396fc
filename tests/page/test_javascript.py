"""The page's modules by themselves: linted, and tested where they need no page.

Both need Node, and ESLint what `npm ci` installs. Neither is needed to run the tracker.
"""

import json
from pathlib import Path

import pytest

from tests.support.node import PROJECT, find_node, find_package, run

# What npm installs for the tests of the page, and for those on other versions of PostgreSQL.
FOLDERS = [PROJECT, PROJECT / ".ci" / "postgres"]


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


@pytest.fixture(scope="module")
def eslint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = find_package("eslint", tmp_path_factory.getbasetemp().parent)
    return package / "bin" / "eslint.js"


def test_the_modules_pass_their_unit_tests(node: str) -> None:
    tests = sorted((PROJECT / "tests" / "js").glob("*.test.mjs"))
    assert tests
    run(node, "--test", *tests)


def test_the_modules_pass_the_linter(node: str, eslint: Path) -> None:
    run(node, eslint, "--max-warnings", "0")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_lock_file_names_no_host_to_download_from(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for package in packages.values())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_node_package_is_pinned(folder: Path) -> None:
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    packages = wanted.get("devDependencies", {}) | wanted.get("optionalDependencies", {})
    versions = [version.rpartition("@")[2] for version in packages.values()]
    assert versions
    assert [version for version in versions if not version[0].isdigit()] == []
