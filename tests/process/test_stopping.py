"""Stopping on request: a signal asks, a second Ctrl-C insists, and afterwards all is as it was."""

import signal
import subprocess
import sys

import pytest

from pricetracker.process.signals import SLEEP_SLICE, StopRequest
from pricetracker.process.stop_signals import stop_signals
from tests.support.recorders import PATIENCE, PROJECT

SIGNALS = stop_signals()


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks(number) -> None:
    with StopRequest() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()


@pytest.mark.parametrize("first", SIGNALS)
def test_a_ctrl_c_after_that_insists(first) -> None:
    with StopRequest() as stop:
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert stop()


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", [number for number in SIGNALS if number != signal.SIGINT])
def test_a_supervisors_second_signal_does_not_insist(first, second) -> None:
    with StopRequest() as stop:
        signal.raise_signal(first)
        signal.raise_signal(second)
        assert stop()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_the_former_handlers_come_back_however_it_ends(error) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    def work() -> None:
        with StopRequest() as stop:
            assert [signal.getsignal(number) for number in SIGNALS] == [stop.handle] * len(SIGNALS)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            work()
    else:
        work()
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_wait_lasts_as_long_as_it_should_in_short_beats() -> None:
    slept: list[float] = []
    StopRequest(slept.append).wait(1.05)
    assert sum(slept) == pytest.approx(1.05)
    assert max(slept) <= SLEEP_SLICE


def test_a_wait_ends_soon_after_a_stop_request() -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        stop.requested = len(slept) == 3

    stop = StopRequest(sleep)
    stop.wait(60)
    assert slept == [SLEEP_SLICE] * 3
    stop.wait(60)
    assert len(slept) == 3


def test_no_wait_for_nothing() -> None:
    slept: list[float] = []
    StopRequest(slept.append).wait(0)
    assert slept == []


# manage.py, which gets a signal at the moment in which it would load a command.
LOADING = """
import runpy, signal, sys, types

_, number, *arguments = sys.argv
loading = types.ModuleType("pricetracker.commands")
loading.run = lambda arguments: signal.raise_signal(int(number))
sys.modules["pricetracker.commands"] = loading
sys.argv = ["manage.py", *arguments]
runpy.run_path("manage.py", run_name="__main__")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process has other exit codes there")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(("command", "is_service"), [("start", True), ("verify_prices", False)])
def test_a_signal_ends_a_command_that_loads(number, command, is_service) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(int(number)), command],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0 if is_service else -number, "")
