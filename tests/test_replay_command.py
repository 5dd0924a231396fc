"""manage.py replay_exchange, as a process."""

import argparse
import math
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import websocket

from replay.management.commands.replay_exchange import port, speed

ROOT = Path(__file__).parent.parent
TIMEOUT = 30  # seconds: only a broken command takes that long
READY = re.compile(
    r"The exchange is open: BINANCE_WS_URL=(ws://\S+) BINANCE_REST_URL=(http://\S+)\n"
)


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "replay_exchange", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "pricetracker.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def complaint(*arguments: str) -> tuple[int, str]:
    with command(*arguments) as process:
        _, errors = process.communicate(timeout=TIMEOUT)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_a_signal_ends_it_with_0(number):
    with command("--port", "0", "--loop", "--speed", "max") as process:
        ready = READY.fullmatch(process.stdout.readline())
        url = f"{ready[1]}/stream?streams=btcusdt@aggTrade"
        # One client is being sent more than it reads, the other nothing.
        busy = websocket.create_connection(url, timeout=TIMEOUT)
        idle = websocket.create_connection(f"{ready[1]}/ws", timeout=TIMEOUT)
        busy.recv()
        process.send_signal(number)
        _, goodbye = idle.recv_data_frame()
        output, errors = process.communicate(timeout=TIMEOUT)
        busy.shutdown()
        idle.shutdown()
    assert goodbye.data == b"\x03\xe9"  # 1001, going away
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BTCUSDT-aggTrades-2024-08-08.csv", "1,2,3\n"),
        ("bitcoin.csv", ""),
        ("BTCUSDT-aggTrades-2024-08-09.csv", None),
    ],
)
def test_a_bad_file_is_one_sentence_and_exit_code_1(tmp_path, name, text):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    code, errors = complaint(str(path), "--port", "0")
    assert code == 1
    assert str(path) in errors
    assert len(errors.splitlines()) == 1


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        code, errors = complaint("--port", str(number))
    assert code == 1
    assert f"Cannot listen on 127.0.0.1:{number}: " in errors
    assert len(errors.splitlines()) == 1


def test_a_speed_without_sense_is_refused():
    code, errors = complaint("--speed", "fast")
    assert code == 2
    assert "'fast' is neither a number above zero nor max" in errors


@pytest.mark.parametrize("text", ["0", "-1", "", "nan", "inf"])
def test_a_speed_is_above_zero_and_finite_unless_it_is_max(text):
    assert (speed("max"), speed("2.5")) == (math.inf, 2.5)
    with pytest.raises(argparse.ArgumentTypeError):
        speed(text)


@pytest.mark.parametrize("text", ["-1", "65536", "http", ""])
def test_a_port_is_a_number(text):
    assert (port("0"), port("65535")) == (0, 65535)
    with pytest.raises(argparse.ArgumentTypeError):
        port(text)
