"""Processes that belong together: each ends when it is told to, and none outlives the one that started it.

A child holds the reading end of a pipe, its lifeline. When the writing end closes, because the parent says stop or because
the parent is gone in whatever way, the child gets a SIGTERM from itself. This works alike on all systems.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Self

# A fresh interpreter everywhere: a fork would share our locks and connections.
context = multiprocessing.get_context("spawn")

# Seconds between two looks at the stop flag.
BEAT = 0.2


class ChildEnded(Exception):
    """A child ended without being told to. It has said itself why, if it could."""

    def __init__(self, process: BaseProcess) -> None:
        super().__init__(f"The {process.name} ended by itself, with exit code {process.exitcode}.")


class Children:
    """A context: at its end all children are asked to end; on an exception such as a second Ctrl-C they are killed.

    `environment` is laid over ours in the children that are started from then on.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.lifelines: dict[BaseProcess, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            return self.kill()
        try:
            self.stop()
        except KeyboardInterrupt:
            self.kill()
            raise

    def start(self, target: Callable[..., object], *args: Any) -> BaseProcess:
        """Run a function of a module in a child that bears its name."""
        theirs, ours = context.Pipe(duplex=False)
        process = context.Process(
            name=target.__name__, target=live, args=(theirs, self.environment, target, args)
        )
        process.start()
        theirs.close()
        self.lifelines[process] = ours
        return process

    def announced(self, target: Callable[..., object], *args: Any, stop: Callable[[], bool]) -> Any:
        """Start a child and wait for what it sends when it is ready; None if a stop was asked for before.

        Raises ChildEnded, also when it is another child that ends meanwhile.
        """
        ours, theirs = context.Pipe(duplex=False)
        self.start(target, theirs, *args)
        theirs.close()
        while not stop():
            if ours.poll(BEAT):
                try:
                    return ours.recv()
                except EOFError:
                    pass
            self.check(0)
        return None

    def watch(self, stop: Callable[[], bool]) -> None:
        """Wait until a stop is asked for. Raises ChildEnded when a child ends before."""
        while not stop():
            self.check(BEAT)

    def check(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the end of any child. Raises ChildEnded."""
        ended = wait([process.sentinel for process in self.lifelines], timeout)
        for process in self.lifelines:
            if process.sentinel in ended:
                process.join()
                raise ChildEnded(process)

    def stop(self) -> None:
        """Ask all to end, the last one started first, and wait until they have."""
        for process, lifeline in reversed(self.lifelines.items()):
            lifeline.close()
            process.join()

    def kill(self) -> None:
        for process in self.lifelines:
            process.kill()
            process.join()


def live(
    lifeline: Connection,
    environment: Mapping[str, str],
    target: Callable[..., object],
    args: Sequence[Any],
) -> None:
    """The life of a child."""
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
    """A Ctrl-C goes to all processes of a terminal, but how and when a child stops is for its parent to say."""
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetConsoleCtrlHandler(None, True)
    else:
        os.setpgid(0, 0)
