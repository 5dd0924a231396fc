"""What all tests share: at the end, the throw-away home goes, and the server in it first."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from pricetracker.postgres import hold
from tests.browser import find_browser, open_browser
from tests.private_postgres import Private

# Test modules that start programs and servers, drive a browser, or let a tape run for a while.
SLOW = {
    "test_benchmarks.py",
    "test_browser.py",
    "test_chart.py",
    "test_database_away.py",
    "test_events.py",
    "test_gap_ledger.py",
    "test_javascript.py",
    "test_killed.py",
    "test_live_page.py",
    "test_lookout.py",
    "test_private_postgres.py",
    "test_private_postgres_killed.py",
    "test_private_postgres_places.py",
    "test_prune_command.py",
    "test_pruning.py",
    "test_recording.py",
    "test_repair_gaps.py",
    "test_repairer.py",
    "test_replay_command.py",
    "test_replay_faults.py",
    "test_replay_judge.py",
    "test_replay_rest_faults.py",
    "test_replay_rest_lies.py",
    "test_replay_server.py",
    "test_replay_storm.py",
    "test_rest.py",
    "test_rotation.py",
    "test_screens.py",
    "test_serving.py",
    "test_settings.py",
    "test_start.py",
    "test_storms.py",
    "test_stream.py",
    "test_successor.py",
    "test_symbols.py",
    "test_tape.py",
    "test_torture.py",
    "test_verify.py",
    "test_verify_command.py",
    "test_verify_exchange.py",
    "test_verify_model.py",
    "test_worker.py",
    "test_writer.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not slow"` is what there is time for between two edits."""
    for item in items:
        if item.path.name in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is meant to run, a test that was skipped has failed."""
    report = session.config.pluginmanager.get_plugin("terminalreporter")
    if report is None:
        return  # One of several processes, whose tests are reported elsewhere.
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        why = "No Chromium, Chrome or Edge was found; the variable CHROMIUM can name one."
        # Where all is meant to be tested, a skip would pass for a success.
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with pytest.MonkeyPatch.context() as patch, open_browser(program) as browser:
        # Playwright runs an event loop in this thread, which is why Django would refuse the ORM here. No coroutine of
        # ours runs in it, so nothing can be blocked.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
