"""Child processes: each ends when it is told to, and none outlives its parent.

A child holds the reading end of a pipe, its lifeline. When the writing end closes, because the
parent requests a stop or because the parent is gone for any reason, the child sends itself a
SIGTERM. This works on all systems.
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

# How a child ends that was asked to, before it has handlers of its own and after.
ASKED_TO_END = [0] + [-int(number) for number in stop_signals()]


class ChildEnded(Exception):
    """A child ended without being told to.

    If it exited by its own code, it has logged the reason.
    """

    def __init__(self, process: BaseProcess) -> None:
        self.has_said_why = (process.exitcode or 0) > 0
        super().__init__(f"The {process.name} exited unexpectedly with code {process.exitcode}.")


class Children:
    """A context manager: at its end all children are stopped.

    On an exception, such as a second Ctrl-C, they are killed. `environment` is added to ours in the
    children that are started from then on.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.lifelines: dict[BaseProcess, Connection] = {}
        # Kept open: a child that announces itself after we stopped waiting for it must not find a
        # broken pipe.
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
        """Run a function of a module in a child process with this name."""
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
        """Start a child and wait for what it sends when it is ready.

        None if a stop was requested before. Raises ChildEnded, also when another child ends
        meanwhile.
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
            # A signal may go to all processes at once, and then it is expected that a child ends.
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
    """Whether a stop is requested within a moment."""
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
    """The main function of a child.

    Until the target has its own handlers, a SIGTERM kills at once: quiet, and nothing else is as
    reliable. An exception from a handler is lost when it is raised where Python can only ignore it,
    as during an import.
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
            # Not to this thread: whatever the main thread waits in has to be interrupted.
            os.kill(os.getpid(), signal.SIGTERM)


def leave_terminal() -> None:
    """Ignore Ctrl-C, which goes to all processes of a terminal: the parent decides when a child
    stops.
    """
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetConsoleCtrlHandler(None, True)
    else:
        os.setpgid(0, 0)
        # While it is ignored, an interrupt that was held back is dropped.
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, former)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C, also in a process that is started here, until it can leave the terminal."""
    if sys.platform == "win32":
        yield
        return
    # It is started with the first child otherwise, and ends the holding back.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
