"""Stopping on request: a stop signal requests it, a second Ctrl-C forces it."""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Self

from .stop_signals import on_stop

# Seconds. Waits are cut into slices, so that a stop request is noticed within one.
SLEEP_SLICE = 0.1


class StopRequest:
    """A flag that Ctrl-C, SIGTERM and SIGHUP set while the context is open.

    A second Ctrl-C raises KeyboardInterrupt. Repeated SIGTERMs have no effect: systemd sends one to
    all processes of a service, and a parent then sends another one to its children.

    Open it in the main thread. The previous handlers are restored at its end.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self.requested = False
        self.sleep = sleep
        self.open = ExitStack()

    def __enter__(self) -> Self:
        self.open.enter_context(on_stop(self.handle))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open.close()

    def handle(self, number: int, frame: FrameType | None) -> None:
        # No lock is taken here: the main thread may hold any.
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True

    def __call__(self) -> bool:
        return self.requested

    def wait(self, seconds: float) -> None:
        """Sleep, but return when a stop is requested."""
        while seconds > 0 and not self.requested:
            self.sleep(min(SLEEP_SLICE, seconds))
            seconds -= SLEEP_SLICE


def leave_on_hangup() -> None:
    """Exit with 0 when the terminal closes, as on Ctrl-C, unless started with `nohup`."""
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
