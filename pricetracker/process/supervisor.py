"""Child processes: each stops when its parent requests it, and none outlives the parent.

A child holds the reading end of a pipe, its lifeline. When the writing end closes, because the
parent requests a stop or has exited for any reason, the child sends itself a SIGTERM. This works on
all systems.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Self

from pricetracker.process import output

from .stop_signals import stop_signals

# A fresh interpreter everywhere: a fork would share our locks and connections.
context = multiprocessing.get_context("spawn")

# Seconds between two checks of the stop flag.
CHECK_INTERVAL = 0.2

# Seconds. When a signal is sent to all processes one after another, a child may end before its
# parent receives it.
SIGNALLED_TOGETHER = 2.0

# Exit codes of a child that was asked to stop: with its own handlers, and before it had any.
ASKED_TO_END = [0] + [-int(number) for number in stop_signals()]


class ChildEnded(Exception):
    """A child ended without being told to. `has_said_why`: it has logged the reason."""

    def __init__(self, process: BaseProcess) -> None:
        self.has_said_why = (process.exitcode or 0) > 0
        super().__init__(f"The {process.name} exited unexpectedly with code {process.exitcode}.")


class Children:
    """A context manager that stops all children at its end, and kills them on KeyboardInterrupt.

    environment: variables that are added to ours in the children started from now on.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.lifelines: dict[BaseProcess, Connection] = {}
        # Kept open: a child may announce itself after we have stopped waiting for it.
        self._announcements: list[Connection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            return self.kill()
        try:
            self._stop()
        except KeyboardInterrupt:
            self.kill()
            raise

    def start(self, target: Callable[..., object], *args: Any) -> BaseProcess:
        """Run a module-level function in a child process, which is named after the function."""
        theirs, ours = context.Pipe(duplex=False)
        process = context.Process(
            name=target.__name__, target=live, args=(theirs, self.environment, target, args)
        )
        with interrupts_held():
            process.start()
        theirs.close()
        self.lifelines[process] = ours
        return process

    def announced(self, target: Callable[..., object], *args: Any, stop: Callable[[], bool]) -> Any:
        """Start a child, and wait for what it sends when it is ready.

        None if a stop was requested before that. Raises ChildEnded when any child ends meanwhile.
        """
        if stop():
            return None
        ours, theirs = context.Pipe(duplex=False)
        self._announcements.append(ours)
        self.start(target, theirs, *args)
        theirs.close()
        while not stop():
            if ours.poll(CHECK_INTERVAL):
                try:
                    return ours.recv()
                except EOFError:
                    pass
            self.check(0, stop)
        return None

    def watch(self, stop: Callable[[], bool]) -> None:
        """Wait until a stop is requested. Raises ChildEnded when a child ends before."""
        while not stop():
            self.check(CHECK_INTERVAL, stop)

    def check(self, timeout: float, stop: Callable[[], bool]) -> None:
        """Wait up to `timeout` seconds for the end of any child. Raises ChildEnded."""
        ended = wait([process.sentinel for process in self.lifelines], timeout)
        for process in self.lifelines:
            # A signal may be sent to all processes at once; then a child may end first.
            if process.sentinel in ended and not stop():
                process.join()
                if process.exitcode not in ASKED_TO_END or not came(stop):
                    raise ChildEnded(process)

    def _stop(self) -> None:
        """Stop all children, the last one started first, and wait until they have ended."""
        for process, lifeline in reversed(self.lifelines.items()):
            lifeline.close()
            process.join()

    def kill(self) -> None:
        for process in self.lifelines:
            process.kill()
        for process in self.lifelines:
            process.join()


def came(stop: Callable[[], bool]) -> bool:
    """Whether a stop is requested within SIGNALLED_TOGETHER seconds."""
    deadline = time.monotonic() + SIGNALLED_TOGETHER
    while not stop() and time.monotonic() < deadline:
        time.sleep(CHECK_INTERVAL)
    return stop()


def live(
    lifeline: Connection,
    environment: Mapping[str, str],
    target: Callable[..., object],
    args: Sequence[Any],
) -> None:
    """The main function of a child process.

    Until the target installs its own handlers, SIGTERM kills the process at once. A handler that
    raised an exception would be less reliable: Python ignores it in some places, for example during
    an import.
    """
    output.prepare()
    leave_terminal()
    os.environ.update(environment)
    threading.Thread(target=end_with, args=(lifeline,), daemon=True).start()
    target(*args)


def end_with(lifeline: Connection) -> None:
    try:
        lifeline.recv()
    except EOFError:
        if sys.platform == "win32":
            signal.raise_signal(signal.SIGTERM)
        else:
            # To the process, not to this thread: it must interrupt what the main thread waits for.
            os.kill(os.getpid(), signal.SIGTERM)


def leave_terminal() -> None:
    """Ignore Ctrl-C, which a terminal sends to all its processes: the parent stops the children."""
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetConsoleCtrlHandler(None, True)
    else:
        os.setpgid(0, 0)
        # Ignoring it for a moment drops an interrupt that was held back.
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, former)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C, also in a child that is started here, until it has left the terminal."""
    if sys.platform == "win32":
        yield
        return
    # It would be started with the first child, and would unblock the signal.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
