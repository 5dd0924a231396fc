"""What a client may keep open, and for how long: a real socket on each side."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from pricetracker.serving import connections
from pricetracker.serving.connections import Connections
from pricetracker.serving.protocol import LONGEST_HEADERS, LimitedProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

# Seconds that a limit of time is set to, where a test waits for it.
AT_ONCE = 0.05


async def hosts(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with the host and the path that were asked for."""
    host = dict(scope["headers"]).get(b"host", b"")
    body = host + b" " + scope["path"].encode()
    length = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


async def flood(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Sends until nobody takes it any more."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        while not flood_ended.is_set():
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
            if (await asyncio.wait_for(receive(), 0.001))["type"] == "http.disconnect":
                flood_ended.set()
    except TimeoutError:
        await flood_on(receive, send)


flood_ended = asyncio.Event()


async def flood_on(receive: Any, send: Any) -> None:
    leaving = asyncio.ensure_future(receive())
    while not leaving.done():
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await asyncio.sleep(0)
    flood_ended.set()


@asynccontextmanager
async def serving(
    application: Any = hosts, *, most: int = 10, **limits: Any
) -> AsyncIterator["Connect"]:
    """A server with these limits, and what connects to it."""
    attributes = {"connections_held": Connections(most), **limits}
    protocol = type("Tested", (LimitedProtocol,), attributes)
    config = uvicorn.Config(application, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        connect = Connect(server.sockets[0].getsockname()[1])
        yield connect
        for client in connect.clients:
            client.writer.close()
            with suppress(ConnectionError):
                await client.writer.wait_closed()
        # Those that a test left: the server's side sees the end a moment later.
        for each in list(state.connections):
            each.transport.abort()
        await asyncio.sleep(0)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes = REQUEST) -> bytes:
        """Status line and body of the answer."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        length = next(line for line in head if line.startswith(b"content-length"))
        return head[0] + b" " + await self.reader.readexactly(int(length.split()[1]))

    async def rest(self) -> bytes:
        """What still comes until the server closes the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


class Connect:
    def __init__(self, port: int) -> None:
        self.port = port
        self.clients: list[Client] = []

    async def __call__(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


class TestHeaders:
    @pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n", b"\r\n"])
    def test_a_request_that_does_not_come_is_not_awaited(self, sent: bytes) -> None:
        async def talk() -> bytes:
            async with serving(header_timeout=AT_ONCE) as connect:
                client = await connect()
                client.writer.write(sent)
                return await client.rest()

        assert asyncio.run(talk()) == b""

    def test_nor_is_the_second_one(self) -> None:
        async def talk() -> tuple[bytes, bytes]:
            async with serving(header_timeout=AT_ONCE) as connect:
                client = await connect()
                first = await client.ask()
                client.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
                return first, await client.rest()

        first, rest = asyncio.run(talk())
        assert (first, rest) == (b"HTTP/1.1 200 OK localhost /", b"")

    def test_a_client_that_asks_again_and_again_stays(self) -> None:
        async def talk() -> bytes:
            async with serving() as connect:
                client = await connect()
                for _ in range(5):
                    # In two pieces, as a slow network may bring it.
                    client.writer.write(REQUEST[:9])
                    await client.writer.drain()
                    answer = await client.ask(REQUEST[9:])
                return answer

        assert asyncio.run(talk()) == b"HTTP/1.1 200 OK localhost /"

    def test_endless_headers_are_refused(self) -> None:
        async def talk() -> bytes:
            async with serving() as connect:
                client = await connect()
                client.writer.write(b"GET / HTTP/1.1\r\n")
                client.writer.write(b"X: " + b"x" * LONGEST_HEADERS)
                return await client.rest()

        head, _, body = asyncio.run(talk()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert str(LONGEST_HEADERS) in json.loads(body)["detail"]

    @pytest.mark.parametrize(
        "sent",
        [b"FOO /latest HTTP/1.1\r\n", b"GET /latest?x=\xff HTTP/1.1\r\n", b"GET / HTTP/x\r\n"],
        ids=["method", "bytes", "version"],
    )
    def test_what_is_no_request_is_refused_in_json(self, sent: bytes) -> None:
        async def talk() -> bytes:
            async with serving() as connect:
                client = await connect()
                client.writer.write(sent + b"Host: localhost\r\n\r\n")
                return await client.rest()

        head, _, body = asyncio.run(talk()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"content-type: application/json\r\n" in head
        assert b"content-length: %d" % len(body) in head
        assert json.loads(body) == {"detail": "This is not a valid HTTP request."}

    @pytest.mark.parametrize(
        "headers",
        [
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5",
            b"Content-Length: 5\r\nContent-Length: 6",
            b"Content-Length: +5",
            b"Content-Length : 5",
        ],
    )
    def test_two_ways_to_read_a_body_are_none(self, headers: bytes) -> None:
        async def talk() -> bytes:
            async with serving() as connect:
                client = await connect()
                client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n")
                client.writer.write(b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
                return await client.rest()

        answer = asyncio.run(talk())
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"smuggled" not in answer

    @pytest.mark.parametrize(
        ("target", "seen"),
        [
            (b"http://prices.example:8000/a%20b", b"prices.example:8000 /a b"),
            (b"HTTP://[::1]/", b"[::1] /"),
            (b"/a//b", b"localhost /a//b"),
        ],
    )
    def test_a_whole_url_names_the_host(self, target: bytes, seen: bytes) -> None:
        async def talk() -> bytes:
            async with serving() as connect:
                client = await connect()
                return await client.ask(REQUEST.replace(b" / ", b" " + target + b" "))

        assert asyncio.run(talk()) == b"HTTP/1.1 200 OK " + seen


class TestResponses:
    def test_a_client_that_takes_nothing_is_dropped(self) -> None:
        flood_ended.clear()

        async def talk() -> None:
            async with serving(flood, send_timeout=AT_ONCE) as connect:
                client = socket.create_connection(("127.0.0.1", connect.port))
                client.sendall(REQUEST)
                await flood_ended.wait()
                client.close()

        asyncio.run(talk())


class TestRoom:
    def test_the_one_that_is_idle_longest_makes_room(self) -> None:
        async def talk() -> tuple[bytes, bytes, bytes]:
            async with serving(most=2) as connect:
                # It has asked, and so is idle for less long than the second.
                first = await connect()
                await first.ask()
                second = await connect()
                await second.ask()
                await first.ask()
                third = await connect()
                return await third.ask(), await second.rest(), await first.ask()

        third, second, first = asyncio.run(talk())
        assert third == first == b"HTTP/1.1 200 OK localhost /"
        assert second == b""


class Held:
    def __init__(self, peer: str, idle_since: float | None = None) -> None:
        self.peer, self.idle_since = peer, idle_since
        self.dropped = False

    def drop(self) -> None:
        self.dropped = True


class TestCounts:
    def test_without_an_idle_one_there_is_no_room(self) -> None:
        held = Connections(2)
        assert held.admit(Held("203.0.113.1"))
        assert held.admit(Held("203.0.113.2"))
        assert not held.admit(Held("203.0.113.3"))

    def test_one_client_does_not_take_all(self) -> None:
        held = Connections(10, per_client=2)
        mine = [Held("203.0.113.1") for _ in range(3)]
        assert [held.admit(each) for each in mine] == [True, True, False]
        assert held.admit(Held("203.0.113.2"))
        held.remove(mine[0])
        assert held.admit(mine[2])

    @pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "192.0.2.9"])
    def test_this_machine_and_proxies_stand_for_many(self, peer: str, monkeypatch) -> None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.8, 192.0.2.9")
        held = Connections(10, per_client=1)
        assert all(held.admit(Held(peer)) for _ in range(3))

    def test_file_descriptors_bound_them(self) -> None:
        assert 0 < connections.most() <= connections.MOST
