"""Plain clients of the local exchange: one request or one connection, and what comes back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
import websocket
from websocket import ABNF

TIMEOUT = 10  # seconds: only a broken exchange takes that long


@contextmanager
def connected(url: str) -> Iterator[websocket.WebSocket]:
    connection = websocket.create_connection(url, timeout=TIMEOUT, skip_utf8_validation=True)
    try:
        yield connection
    finally:
        # Without the courtesy of a close frame, which could wait for an answer.
        connection.shutdown()


def receive(connection: websocket.WebSocket, frames: int) -> list[dict]:
    return [json.loads(connection.recv()) for _ in range(frames)]


def ask(connection: websocket.WebSocket, **request) -> dict:
    """Send a control frame, and pass over ticks until its reply."""
    connection.send(json.dumps(request))
    while "id" not in (reply := json.loads(connection.recv())):
        pass
    return reply


def is_quiet(connection: websocket.WebSocket) -> bool:
    """Nothing more comes: the reply is the next frame."""
    connection.send('{"method":"LIST_SUBSCRIPTIONS","id":99}')
    return json.loads(connection.recv()).get("id") == 99


def farewell(connection: websocket.WebSocket) -> tuple[int, str]:
    """The code and reason of the close frame; pings on the way there are not answered."""
    while (frame := connection.recv_frame()).opcode != ABNF.OPCODE_CLOSE:
        pass
    return int.from_bytes(frame.data[:2], "big"), frame.data[2:].decode()


def fetch(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=TIMEOUT) as pool:
        return pool.request("GET", url, headers=headers)


def ids(rows: list[dict]) -> list[int]:
    return [row["a"] for row in rows]
