"""The signals that ask a process to stop: Ctrl-C, SIGTERM, and the end of its terminal."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def stop_signals() -> list[signal.Signals]:
    """The stop signals that this process handles. With `nohup` it ignores SIGHUP."""
    if sys.platform == "win32":
        # Python reports a console that closes, or a user who logs off, as Ctrl-Break.
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def on_stop(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Handle the stop signals for as long as the block lasts. In the main thread only."""
    before = {number: signal.signal(number, handler) for number in stop_signals()}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
