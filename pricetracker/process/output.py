"""stdout and stderr: lines are written at once, and a failing output never ends a recording."""

import contextlib
import errno
import io
import os
import select
import signal
import sys
import threading
from enum import Enum

# Seconds that a reader who has stopped reading (a pager, Ctrl-S on a terminal) may block a thread,
# once. After that, text that does not fit is dropped until there is room again.
WRITE_TIMEOUT = 0.5

# Characters per write, of at most 4 bytes each: a pipe that is reported as writable takes 4,096
# bytes.
PIECE = 1024


class Use(Enum):
    """What stdout is to a command, which decides what happens when it fails."""

    SHOWN = "for people to look at: a failure is ignored"
    REPORT = "tells of work that is done anyway: a failure is the exit code of the finished command"
    RESULT = "is what the command is for: a failure ends it"


class OutputFailed(Exception):
    """The results of a command could not be written. `error` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The output could not be written: {error.strerror}.")
        self.error = error


class OutputStream(io.TextIOWrapper):
    """A line-buffered stream that never raises OSError; `failure` is the first one, or None."""

    use = Use.SHOWN
    failure: OSError | None = None

    def __init__(self, buffer: io.BufferedIOBase, encoding: str) -> None:
        # A character that the terminal cannot show must not end a command either.
        super().__init__(buffer, encoding, errors="backslashreplace", line_buffering=True)  # type: ignore[arg-type]
        self._threads = threading.RLock()
        self._is_stuck = False

    def write(self, text: str) -> int:
        with self._threads:
            try:
                if self.use is Use.SHOWN:
                    self._show(text)
                else:
                    super().write(text)
            except OSError as error:
                self._fail(error)
        return len(text)

    def _show(self, text: str) -> None:
        for start in range(0, len(text), PIECE):
            if self._has_room():
                super().write(text[start : start + PIECE])
                super().flush()

    def _has_room(self) -> bool:
        """Whether a write would not block; True where that cannot be determined."""
        if sys.platform == "win32":
            return True
        try:
            _, writable, _ = select.select([], [self], [], 0 if self._is_stuck else WRITE_TIMEOUT)
        except ValueError:
            return True  # A descriptor that select cannot watch.
        self._is_stuck = not writable
        return not self._is_stuck

    def flush(self) -> None:
        # The interpreter also calls this at exit, and would exit with 120 on an error.
        with self._threads:
            try:
                if self.use is not Use.SHOWN:
                    super().flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or error
        if self.use is Use.RESULT:
            # What follows, such as the error message, is only shown.
            self.use = Use.SHOWN
            raise OutputFailed(error)


def prepare(use: Use = Use.SHOWN) -> None:
    """Replace stdout and stderr by such streams. stderr is always Use.SHOWN."""
    reopen_closed()
    sys.stdout = sys.__stdout__ = wrapped(sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = wrapped(sys.stderr)  # type: ignore[misc]
    sys.stdout.use = use
    if use is Use.SHOWN and sys.platform != "win32":
        # Under `stty tostop`, a terminal suspends background processes that write to it, and all
        # children of `start` are in the background.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)


def wrapped(stream: object) -> OutputStream:
    if isinstance(stream, OutputStream):
        return stream
    if not isinstance(stream, io.TextIOWrapper):
        raise TypeError(f"{stream!r} is not a stream of bytes")
    encoding = stream.encoding
    return OutputStream(stream.detach(), encoding)


def reopen_closed() -> None:
    """Reopen closed descriptors (`>&-`): the next file or socket would get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            mode = "r" if name == "stdin" else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream if name == "stdin" else wrapped(stream))
            if isinstance(opened := getattr(sys, name), OutputStream):
                opened.failure = OSError(errno.EBADF, os.strerror(errno.EBADF))


def failure() -> OSError | None:
    """Why results were not written, or None; for a command whose stdout is more than shown."""
    stream = sys.stdout
    if not isinstance(stream, OutputStream) or stream.use is Use.SHOWN:
        return None
    with contextlib.suppress(OutputFailed):
        stream.flush()
    return stream.failure
