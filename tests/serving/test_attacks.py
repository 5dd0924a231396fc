"""Attacks on a site as it is served, with few file descriptors: it answers everybody else."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from prices.recording.tape import Tape
from pricetracker.serving.bodies import LONGEST_BODY
from tests.support.recorded import recorded_tape
from tests.support.recorders import PATIENCE, manage
from tests.support.sites import Site, address

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")

# Of which the site keeps some for itself.
FILE_DESCRIPTORS = 160
ATTACKERS = 300

STREAM = b"GET /api/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with django_db_blocker.unblock():
        process = manage(
            *("runserver", "--noreload", "127.0.0.1:0"),
            through=limited,
            LIST_REQUESTS_PER_MINUTE="0",
        )
        try:
            yield Site(process, address(process))
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode, output) == (0, "")
        finally:
            process.kill()
            process.communicate()


def limited(command: list[str]) -> list[str]:
    return ["sh", "-c", f'ulimit -n {FILE_DESCRIPTORS}; exec "$@"', "sh", *command]


@pytest.fixture
def tape(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def attack(site: Site, sockets: ExitStack, sent: bytes) -> list[socket.socket]:
    """Many connections at once, each with this as its first words."""
    made = []
    for _ in range(ATTACKERS):
        each = sockets.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
        made.append(each)
        # Those that had to make room have been closed.
        try:
            each.sendall(sent)
        except OSError:
            continue
    return made


def answers(site: Site) -> bool:
    for path in ("/health", "/latest", "/api/candles/?symbol=BTCUSDT", "/"):
        with urlopen(site.url + path, timeout=PATIENCE) as answer:
            assert answer.status == 200
    return True


def test_header_names_are_written_as_they_are_known(site: Site, tape: Tape) -> None:
    with urlopen(f"{site.url}/latest", timeout=PATIENCE) as answer:
        names = [name for name, _ in answer.headers.items()]
    known = {"X-Coverage", "Cache-Control", "Content-Security-Policy"}
    assert known.intersection(names) == known


def first_line(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096).partition(b"\r\n")[0]
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /latest HTTP/1.1\r\nHost: loc", b"POST /latest HTTP/1.1\r\nContent-Length: 9\r\n"],
    ids=["nothing", "half a header", "half a POST"],
)
def test_half_open_sockets(site: Site, tape: Tape, sockets: ExitStack, sent: bytes) -> None:
    attack(site, sockets, sent)
    assert answers(site)


def test_more_streams_than_there_are_places(site: Site, tape: Tape, sockets: ExitStack) -> None:
    threads = psutil.Process(site.process.pid).num_threads()
    lines = [first_line(each) for each in attack(site, sockets, STREAM)]
    assert lines.count(b"HTTP/1.1 200 OK") == int((FILE_DESCRIPTORS - 64) * 0.75)
    assert set(lines) <= {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable", b""}
    assert answers(site)
    # Live push has one, and each kind of request some.
    assert psutil.Process(site.process.pid).num_threads() - threads < 10


def test_streams_that_all_come_at_once(site: Site, tape: Tape, sockets: ExitStack) -> None:
    """They wait in the system while the site does: then it meets all of them in one moment."""
    site.process.send_signal(signal.SIGSTOP)
    try:
        made = attack(site, sockets, STREAM)
    finally:
        site.process.send_signal(signal.SIGCONT)
    lines = [first_line(each) for each in made]
    assert set(lines) <= {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable", b""}
    assert answers(site)


@pytest.mark.parametrize("path", ["/latest", "/", "/static/prices/page.css", "/admin/login/"])
def test_a_body_of_600_mb(site: Site, tape: Tape, sockets: ExitStack, path: str) -> None:
    process = psutil.Process(site.process.pid)
    client = sockets.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
    before = process.memory_info().rss
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode())
    client.sendall(b"Content-Length: 629145600\r\n\r\n" + bytes(1 << 20))
    head, _, body = client.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert "bytes at most" in json.loads(body or client.recv(4096))["detail"]
    assert process.memory_info().rss - before < LONGEST_BODY * 10


def test_a_body_of_chunks_without_an_end(site: Site, tape: Tape, sockets: ExitStack) -> None:
    client = sockets.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
    client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    for _ in range(LONGEST_BODY // (1 << 20) + 1):
        client.sendall(chunk)
    assert first_line(client) == b"HTTP/1.1 413 Request Entity Too Large"


def test_both_lengths_at_once(site: Site, tape: Tape, sockets: ExitStack) -> None:
    client = sockets.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
    client.sendall(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n"
    )
    received = b""
    while part := client.recv(4096):
        received += part
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"400"]


def test_the_terminal_is_not_filled(site: Site, tape: Tape, sockets: ExitStack) -> None:
    """What the fixture checks at its end: nothing of all this was worth a line."""
    attack(site, sockets, b"\x00\xff not HTTP at all\r\n\r\n")
    assert answers(site)


def test_answers_do_not_wait_for_the_costliest(site: Site, tape: Tape) -> None:
    """Twenty clients at the costliest page: each is answered or told to come again."""
    costly = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                ASK_OFTEN,
                f"{site.url}/api/candles/?symbol=BTCUSDT&interval=1d",
            ],
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    try:
        for _ in range(20):
            assert answers(site)
    finally:
        for each in costly:
            each.kill()
            each.communicate()


# Five clients that ask one after another, until they are ended.
ASK_OFTEN = """
import sys, threading, urllib.request
def ask():
    while True:
        try:
            urllib.request.urlopen(sys.argv[1] + "&limit=1000").read()
        except OSError:
            pass
threads = [threading.Thread(target=ask) for _ in range(5)]
for thread in threads:
    thread.start()
"""
