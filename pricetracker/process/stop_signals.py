"""The signals that ask a process to stop: Ctrl-C, SIGTERM, and the end of its terminal."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def stop_signals() -> list[signal.Signals]:
    """Those that this process responds to.

    One that was started by `nohup` outlives its terminal.
    """
    if sys.platform == "win32":
        # When a console closes, or its user logs off, Python reports a Ctrl-Break.
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def on_stop(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Call the handler for each, for as long as the block lasts; in the main thread only."""
    before = {number: signal.signal(number, handler) for number in stop_signals()}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
