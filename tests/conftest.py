"""What all tests share: at the end, the throw-away home goes, and the server in it first."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from pricetracker.postgres import hold
from tests.private_postgres import Private


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is meant to run, a test that was skipped has failed."""
    report = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and report.stats.get("skipped") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure() -> None:
    if not settings.configured:
        return  # Nothing was begun: pytest was only asked for its --help.
    hold.on(settings.PRICETRACKER_HOME / "postgres").release(timeout=60)
    shutil.rmtree(settings.PRICETRACKER_HOME)


@pytest.fixture(scope="session")
def used_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("private") / "postgres"


@pytest.fixture
def private(used_folder: Path) -> Iterator[Private]:
    """A private server of the test's own, in files that earlier tests have used."""
    private = Private(used_folder)
    yield private
    private.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Private]:
    """A private server whose files are not there yet."""
    private = Private(tmp_path / "postgres")
    yield private
    private.clear()
