"""Django behind an event loop: requests in bounded threads, streams in none."""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pricetracker.serving.bodies import LONGEST_BODY
from pricetracker.serving.handler import Handler
from pricetracker.serving.lanes import Lane
from tests.serving import urls

JSON = b"application/json"


# A lane's threads outlive the test.
NUMBERS = itertools.count()


@pytest.fixture
def handler(settings) -> Iterator[Handler]:
    settings.ROOT_URLCONF = "tests.serving.urls"
    settings.ALLOWED_HOSTS = ["*"]
    urls.GO_ON.clear()
    urls.BEGUN.clear()
    urls.CLOSED.clear()
    urls.ROW_THREADS.clear()
    quick = Lane("quick-test", threads=1, waiting=10, patience=60)
    costly = Lane(f"costly-{next(NUMBERS)}", threads=1, waiting=1, patience=60)
    yield Handler({"/quick": quick}, costly=costly, light=("/static/", quick))
    urls.GO_ON.set()


class Talk:
    """One request, its body in parts, and what comes back; the client stays until it leaves."""

    def __init__(self, path: str, *body: bytes, query: bytes = b"", **headers: bytes) -> None:
        self.scope = {
            "type": "http",
            "method": "POST" if "content_length" in headers else "GET",
            "path": path,
            "query_string": query,
            "headers": [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
            + [(b"host", b"localhost")],
        }
        self.parts = list(body)
        self.taken = 0
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.news = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.taken < len(self.parts):
            self.taken += 1
            part = self.parts[self.taken - 1]
            more = self.taken < len(self.parts)
            return {"type": "http.request", "body": part, "more_body": more}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.news.set()

    async def until(self, messages: int) -> None:
        while len(self.sent) < messages:
            self.news.clear()
            await self.news.wait()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return {bytes(name).lower(): value for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def held(handler: Handler, talk: Talk) -> "asyncio.Task[None]":
    return asyncio.create_task(handler(talk.scope, talk.receive, talk.send))


class TestBodies:
    def test_a_body_comes_whole(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/echo", b"ab", b"cd", content_length=b"4")
            await handler(made.scope, made.receive, made.send)
            return made

        made = asyncio.run(talk())
        assert (made.status, made.body) == (200, b"abcd")

    def test_one_that_says_it_is_too_long_is_not_read(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/echo", content_length=b"%d" % (LONGEST_BODY + 1))
            task = held(handler, made)
            # The refusal is complete before a byte was read.
            await made.until(2)
            assert made.taken == 0
            made.left.set()
            await task
            return made

        made = asyncio.run(talk())
        assert (made.status, made.headers[b"connection"]) == (413, b"close")
        assert made.headers[b"content-type"] == JSON
        assert b"default-src 'none'" in made.headers[b"content-security-policy"]
        assert str(LONGEST_BODY) in json.loads(made.body)["detail"]

    def test_one_in_chunks_is_read_up_to_the_limit(self, handler: Handler) -> None:
        async def talk() -> Talk:
            parts = [bytes(LONGEST_BODY // 2)] * 100
            made = Talk("/echo", *parts, transfer_encoding=b"chunked")
            made.left.set()
            await handler(made.scope, made.receive, made.send)
            return made

        made = asyncio.run(talk())
        assert made.status == 413
        # What is under way is forgotten, up to a limit of its own.
        assert made.taken < 30

    def test_a_client_that_leaves_in_the_middle_is_no_error(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/echo", content_length=b"4")
            made.left.set()
            await handler(made.scope, made.receive, made.send)
            return made

        assert asyncio.run(talk()).sent == []

    def test_one_that_does_not_come_is_not_waited_for(self, handler, monkeypatch) -> None:
        monkeypatch.setattr("pricetracker.serving.bodies.BODY_TIMEOUT", 0.01)
        monkeypatch.setattr("pricetracker.serving.bodies.DISCARD_TIMEOUT", 0.01)

        async def talk() -> Talk:
            made = Talk("/echo", content_length=b"4")
            await handler(made.scope, made.receive, made.send)
            return made

        assert asyncio.run(talk()).status == 408


class TestLanes:
    def test_a_stuck_costly_request_holds_up_no_quick_one(self, handler: Handler) -> None:
        async def talk() -> tuple[Talk, Talk]:
            stuck, quick = Talk("/slow"), Talk("/quick")
            task = held(handler, stuck)
            await asyncio.to_thread(urls.BEGUN.wait)
            await handler(quick.scope, quick.receive, quick.send)
            assert stuck.sent == []
            urls.GO_ON.set()
            await task
            return stuck, quick

        stuck, quick = asyncio.run(talk())
        assert (quick.status, stuck.body) == (200, b"slow")

    def test_more_than_may_wait_are_told_to_come_again(self, handler: Handler) -> None:
        async def talk() -> Talk:
            first, second, third = Talk("/slow"), Talk("/slow"), Talk("/slow")
            tasks = [held(handler, first)]
            await asyncio.to_thread(urls.BEGUN.wait)
            tasks.append(held(handler, second))
            await asyncio.sleep(0)
            await handler(third.scope, third.receive, third.send)
            urls.GO_ON.set()
            await asyncio.gather(*tasks)
            assert (first.status, second.status) == (200, 200)
            return third

        third = asyncio.run(talk())
        assert (third.status, third.headers[b"retry-after"]) == (503, b"2")
        assert "Try again" in json.loads(third.body)["detail"]

    def test_an_error_in_a_view_is_an_answer(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/broken")
            await handler(made.scope, made.receive, made.send)
            return made

        assert asyncio.run(talk()).status == 500


class TestStreams:
    def test_a_hundred_readers_hold_no_thread(self, handler: Handler) -> None:
        async def talk() -> int:
            talks = [Talk("/events") for _ in range(100)]
            tasks: list[asyncio.Task[None]] = []
            for each in talks:
                tasks.append(held(handler, each))
                # One after another, as more than one may not wait here.
                await each.until(2)
            lane = handler.lane("/events").name
            threads = [t for t in threading.enumerate() if t.name.startswith(f"{lane} ")]
            for each in talks:
                assert each.body == b"first"
                each.left.set()
            await asyncio.gather(*tasks)
            return len(threads)

        assert asyncio.run(talk()) == 1
        assert urls.CLOSED.is_set()

    def test_rows_are_made_in_one_thread(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/rows", query=b"rows=3")
            await handler(made.scope, made.receive, made.send)
            return made

        made = asyncio.run(talk())
        assert made.body == b"0\n1\n2\n"
        assert made.sent[-1] == {"type": "http.response.body", "body": b""}
        assert len(set(urls.ROW_THREADS)) == 1
        assert urls.ROW_THREADS[0].startswith("costly-")

    def test_rows_end_when_the_client_leaves(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/rows", query=b"rows=1000000")
            task = held(handler, made)
            await made.until(3)
            made.left.set()
            await task
            return made

        made = asyncio.run(talk())
        assert urls.CLOSED.is_set()
        assert len(made.sent) < 1_000_000

    def test_cookies_and_length_are_sent(self, handler: Handler) -> None:
        async def talk() -> Talk:
            made = Talk("/cookie")
            await handler(made.scope, made.receive, made.send)
            return made

        made = asyncio.run(talk())
        assert made.headers[b"set-cookie"] == b"a=1; Path=/"
        assert made.headers[b"content-length"] == b"0"


def test_a_query_that_is_no_text_is_refused_in_json(handler: Handler) -> None:
    async def talk() -> Talk:
        made = Talk("/quick", query=b"\xff")
        made.left.set()
        await handler(made.scope, made.receive, made.send)
        return made

    made = asyncio.run(talk())
    assert (made.status, made.headers[b"content-type"]) == (400, JSON)
    assert "UTF-8" in json.loads(made.body)["detail"]


def test_a_websocket_is_not_spoken(handler: Handler) -> None:
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(handler({"type": "websocket"}, None, None))  # type: ignore[arg-type]
