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

from pricetracker.process.stop_signals import stop_signals
from replay.management.commands.replay_exchange import port, seed, speed, summary

ROOT = Path(__file__).parents[2]
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
        encoding="utf-8",
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


@pytest.mark.parametrize("number", stop_signals())
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
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines() == [
        "connects: 2, at most 2 in 5 minutes",
        "client frames: at most 0 in a second",
        "requests: 0",
        "request weight: 0, at most 0 in a minute",
        "faults: none",
        "violations: none",
    ]


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
        path.write_text(text, encoding="utf-8")
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


def test_a_script_is_played_beside_a_storm(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_text('0 close code=1011 reason="back soon"\n', encoding="utf-8")
    with command("--port", "0", "--faults", str(script), "--storm", "7") as process:
        ready = READY.fullmatch(process.stdout.readline())
        assert process.stdout.readline() == "Storm 7 begins with the first client.\n"
        client = websocket.create_connection(f"{ready[1]}/ws", timeout=TIMEOUT)
        _, goodbye = client.recv_data_frame()
        client.shutdown()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=TIMEOUT)
    assert goodbye.data == b"\x03\xf3back soon"
    assert (process.returncode, errors) == (0, "")
    assert "faults: close 1" in output


def test_the_end_tells_of_every_violation():
    report = {
        "connects": 4,
        "most_connects_in_5_minutes": 3,
        "most_frames_in_a_second": 6,
        "requests": 2,
        "weight": 24,
        "most_weight_in_a_minute": 20,
        "faults": {"close": 2, "skip": 1},
        "violations": ["127.0.0.1 sent more than 5 frames in a second."],
    }
    assert list(summary(report)) == [
        "connects: 4, at most 3 in 5 minutes",
        "client frames: at most 6 in a second",
        "requests: 2",
        "request weight: 24, at most 20 in a minute",
        "faults: close 2, skip 1",
        "violations: 1",
        "127.0.0.1 sent more than 5 frames in a second.",
    ]


def test_a_bad_script_is_one_sentence_and_exit_code_1(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_text("1 skip count=0\n", encoding="utf-8")
    code, errors = complaint("--faults", str(script), "--port", "0")
    assert code == 1
    assert errors == (
        f"CommandError: {script}, line 1:"
        " count of skip must be a whole number from 1 to 100000, not '0'.\n"
    )


@pytest.mark.parametrize("text", ["-1", "", "x", "1.5"])
def test_a_seed_is_a_whole_number(text):
    assert (seed("0"), seed("7")) == (0, 7)
    with pytest.raises(argparse.ArgumentTypeError):
        seed(text)


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


def test_a_fault_of_a_symbol_that_is_not_listed_is_one_sentence(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_text("1 skip symbol=NOPE\n", encoding="utf-8")
    code, errors = complaint("--faults", str(script), "--port", "0")
    assert code == 1
    assert errors == "CommandError: skip cannot hit NOPE: the exchange lists BTCUSDT, ETHUSDT.\n"
