"""stdout: written at once, and when it fails, fatal to nothing but the printing of results."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from prices.models import Price
from pricetracker.process.output import OutputFailed, OutputStream, Use
from tests.support.local_exchange import local_exchange
from tests.support.recorders import PATIENCE, PROJECT, eventually, manage

posix = pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full, no pseudo-terminals")


@contextmanager
def full() -> Iterator[int]:
    """A disk without room."""
    number = os.open("/dev/full", os.O_WRONLY)
    yield number
    os.close(number)


@contextmanager
def gone() -> Iterator[int]:
    """A pipe whose reader has gone, as `true` does."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def stuck() -> Iterator[int]:
    """A pipe that is full, whose reader reads no more: a pager, or Ctrl-S."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x")
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


def stream(number: int, use: Use) -> OutputStream:
    stream = OutputStream(open(number, "wb", closefd=False), "utf-8")  # noqa: SIM115
    stream.use = use
    return stream


@posix
class TestStream:
    @pytest.mark.parametrize("broken", [full, gone, stuck])
    def test_what_is_only_shown_never_fails_and_never_blocks(self, broken) -> None:
        with broken() as number:
            shown = stream(number, Use.SHOWN)
            for _ in range(3):
                assert shown.write("a line\n") == 7
                shown.flush()

    @pytest.mark.parametrize("broken", [full, gone])
    def test_results_that_are_not_written_are_an_error(self, broken) -> None:
        with broken() as number:
            results = stream(number, Use.RESULT)
            with pytest.raises(OutputFailed):
                results.write("BTCUSDT: complete\n")
            # The reasons that follow are shown only, and so is what is flushed at the end.
            results.write("why\n")
            results.flush()

    @pytest.mark.parametrize("use", Use)
    def test_a_line_is_there_as_soon_as_it_is_written(self, use) -> None:
        reader, writer = os.pipe()
        # A line that is not there is an error, and not waited for.
        os.set_blocking(reader, False)
        stream(writer, use).write("a line\n")
        assert os.read(reader, 100) == b"a line\n"
        os.close(reader)
        os.close(writer)

    def test_a_reader_that_comes_back_is_shown_what_is_new(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b"x")
        os.set_blocking(writer, True)
        shown = stream(writer, Use.SHOWN)
        shown.write("lost\n")
        while os.read(reader, 1 << 16) == b"x" * (1 << 16):
            break
        shown.write("new\n")
        assert os.read(reader, 1 << 17).endswith(b"new\n")
        os.close(reader)
        os.close(writer)


# A terminal that suspends a process in the background as soon as it writes; and such a process.
BACKGROUND = """
import os, pty, subprocess, sys, termios

leader, terminal = pty.fork()
if leader == 0:
    mode = termios.tcgetattr(1)
    mode[3] |= termios.TOSTOP
    termios.tcsetattr(1, termios.TCSANOW, mode)
    process = subprocess.Popen([sys.executable, *sys.argv[1:]], process_group=0)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    process.kill()
    os._exit(100 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
_, status = os.waitpid(leader, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@posix
def test_a_terminal_suspends_nobody_who_only_shows() -> None:
    command = [sys.executable, "-c", BACKGROUND, "manage.py", "migrate", "--help"]
    assert subprocess.run(command, cwd=PROJECT, check=False, timeout=PATIENCE).returncode == 0


def told_to_end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(PATIENCE)


def more_ticks() -> None:
    there = Price.objects.count()
    eventually(lambda: Price.objects.count() > there)


@posix
@pytest.mark.django_db(transaction=True)
class TestRecorder:
    @pytest.mark.parametrize("broken", [full, gone, stuck])
    def test_records_on_and_ends_with_0(self, broken) -> None:
        with local_exchange(loop=True) as exchange, broken() as output:
            process = manage("stream_prices", exchange=exchange, output=output)
            try:
                more_ticks()
                more_ticks()
                assert told_to_end(process) == 0
            finally:
                process.kill()
                process.wait()

    def test_records_on_after_its_terminal_has_closed(self) -> None:
        """As after `disown`: the status line is shown every second, to nobody."""
        ours, theirs = os.openpty()
        with local_exchange(loop=True) as exchange:
            process = manage("stream_prices", exchange=exchange, output=theirs)
            os.close(theirs)
            try:
                seen = b""
                while b"recording |" not in seen:
                    seen += os.read(ours, 1000)
                os.close(ours)
                for _ in range(20):
                    more_ticks()
                assert process.poll() is None
                assert told_to_end(process) == 0
            finally:
                process.kill()
                process.wait()

    def test_records_without_stdout_and_stderr(self) -> None:
        with local_exchange(loop=True) as exchange:
            urls = {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}
            process = closed("stream_prices", **urls)
            try:
                more_ticks()
                assert told_to_end(process) == 0
            finally:
                process.kill()
                process.wait()


def closed(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A command that is started without descriptors 0, 1 and 2."""
    from tests.support.recorders import database_url

    return subprocess.Popen(
        [
            "sh",
            "-c",
            'exec "$0" "$@" <&- >&- 2>&-',
            sys.executable,
            "manage.py",
            *arguments,
        ],
        cwd=PROJECT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "pricetracker.settings",
            "DATABASE_URL": database_url(),
            **environment,
        },
        encoding="utf-8",
    )


@posix
@pytest.mark.django_db(transaction=True)
class TestResults:
    @pytest.mark.parametrize("broken", [full, gone])
    @pytest.mark.parametrize("command", [["check"], ["repair_gaps"]], ids=" ".join)
    def test_not_written_are_no_success(self, broken, command) -> None:
        with broken() as output, local_exchange() as exchange:
            process = manage(*command, exchange=exchange, output=output)
            assert process.wait(PATIENCE) == 1

    def test_a_disk_without_room_is_told_in_a_sentence(self, tmp_path) -> None:
        with full() as output, (tmp_path / "errors").open("w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "check"],
                cwd=PROJECT,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "pricetracker.settings"},
                stdout=output,
                stderr=errors,
            )
            assert process.wait(PATIENCE) == 1
            errors.seek(0)
            sentence = "manage.py: The output could not be written: No space left on device.\n"
            assert errors.read() == sentence


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@posix
@pytest.mark.parametrize("broken", [full, gone])
def test_start_goes_on_without_anybody_to_see_it(tmp_path: Path, broken) -> None:
    port = free_port()
    with broken() as output:
        home = {"PRICETRACKER_HOME": str(tmp_path), "DATABASE_URL": ""}
        process = manage("start", "--demo", "--port", str(port), output=output, **home)
        try:
            eventually(lambda: len(latest(port)) == 2)
            assert told_to_end(process, signal.SIGINT) == 0
        finally:
            process.kill()
            process.wait()


def latest(port: int) -> list[object]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/latest", timeout=PATIENCE) as answer:
            prices: list[object] = json.load(answer)
            return prices
    except (URLError, OSError):
        return []


def test_no_machine_can_hide_a_line_that_is_not_written() -> None:
    assert not [name for name in os.environ if name.startswith(("PYTHON", "PIP_"))]
