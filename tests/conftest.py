"""What all tests share: at the end, the throw-away home goes, and the server in it first."""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from pricetracker.postgres import hold
from tests.support.browser import find_browser, open_browser
from tests.support.private_postgres import Private
from tests.support.seeds import VARIABLE, choose_seed, load_profile

TESTS = Path(__file__).parent

# What is given to `-m` for the quick tests.
QUICK = "not slow"

SEED = choose_seed()
load_profile(SEED)

# Fixtures of tests that draw from the seed.
DRAWING = {"draw", "seed"}

# Modules that start a program or an exchange, drive a browser, let a tape run for a while, or ask
# every route.
SLOW = {
    "api/test_api_routes.py",
    "api/test_events.py",
    "api/test_row_streams_served.py",
    "archive/test_reading.py",
    "audit/test_findings.py",
    "audit/test_strays.py",
    "audit/test_verify_command.py",
    "audit/test_verify_exchange.py",
    "audit/test_verify_model.py",
    "backfill/test_archive_import.py",
    "backfill/test_rest_backfill.py",
    "binance_api/test_clients.py",
    "exchange/test_exchange_info.py",
    "exchange/test_rest.py",
    "exchange/test_rotation.py",
    "exchange/test_standby.py",
    "exchange/test_stream.py",
    "models/test_upgrade.py",
    "page/test_browser.py",
    "page/test_chart.py",
    "page/test_javascript.py",
    "page/test_live_page.py",
    "page/test_policy.py",
    "page/test_screens.py",
    "postgres/test_apart.py",
    "postgres/test_killed.py",
    "postgres/test_places.py",
    "postgres/test_planted.py",
    "postgres/test_sharing.py",
    "process/test_bad_proxies.py",
    "process/test_console.py",
    "process/test_migrate.py",
    "process/test_output.py",
    "process/test_serving.py",
    "process/test_signals.py",
    "process/test_start.py",
    "process/test_stopping.py",
    "project/test_benchmarks.py",
    "project/test_ci.py",
    "project/test_database_away.py",
    "project/test_encodings.py",
    "project/test_seeds.py",
    "project/test_settings.py",
    "project/test_time_limit.py",
    "project/test_version.py",
    "recording/test_gap_ledger.py",
    "recording/test_id_check.py",
    "recording/test_id_witness.py",
    "recording/test_killed.py",
    "recording/test_locks.py",
    "recording/test_market.py",
    "recording/test_recording.py",
    "recording/test_restored.py",
    "recording/test_staleness_check.py",
    "recording/test_server_settings.py",
    "recording/test_store.py",
    "recording/test_storms.py",
    "recording/test_torture.py",
    "recording/test_writer.py",
    "repair/test_background.py",
    "repair/test_repair_gaps.py",
    "repair/test_repairer.py",
    "replay/test_command.py",
    "replay/test_conformance.py",
    "replay/test_faults.py",
    "replay/test_rest_faults.py",
    "replay/test_rest_lies.py",
    "replay/test_server.py",
    "replay/test_storm.py",
    "retention/test_prune_command.py",
    "retention/test_pruning.py",
    "serving/test_attacks.py",
    "serving/test_sharing.py",
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """To import what is left out anyway would take a good part of the quick tests' time."""
    is_slow = collection_path.relative_to(TESTS).as_posix() in SLOW
    return True if is_slow and config.option.markexpr == QUICK else None


def commits(item: pytest.Item) -> bool:
    """After a test that commits, every table has to be emptied. Others are rolled back."""
    marker = item.get_closest_marker("django_db")
    by_marker = marker is not None and marker.kwargs.get("transaction", False)
    return by_marker or "transactional_db" in getattr(item, "fixturenames", ())


def is_drawn(item: pytest.Item) -> bool:
    """Properties, and tests that use the seed in another way."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & DRAWING) or getattr(item.obj, "is_hypothesis_test", False)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`-m "not slow"` is what there is time for between two edits. Tests of root's are left out for
    others.
    """
    for item in items:
        if item.path.relative_to(TESTS).as_posix() in SLOW or commits(item):
            item.add_marker(pytest.mark.slow)
        if is_drawn(item):
            item.add_marker(pytest.mark.drawn)
    if sys.platform == "win32" or os.geteuid() != 0:
        roots = [item for item in items if item.get_closest_marker("root")]
        items[:] = [item for item in items if item not in roots]
        config.hook.pytest_deselected(items=roots)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis draws from the seed of the run as well, unless it was given another."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)


def pytest_report_header() -> str:
    return f"seed: {SEED} ({VARIABLE}={SEED} repeats this run)"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A number of the test's own that follows from the seed of the run."""
    return random.Random(f"{SEED} {request.node.nodeid}").getrandbits(32)


@pytest.fixture
def draw(seed: int) -> random.Random:
    return random.Random(seed)


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
        # Playwright runs an event loop in this thread, which is why Django would refuse the ORM
        # here. No coroutine of ours runs in it, so nothing can be blocked.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
