"""Views that a handler is tried on: they need no database."""

import threading
from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

# Set by a test to let `slow` answer, and by `slow` when it has begun.
GO_ON = threading.Event()
BEGUN = threading.Event()

# The threads in which rows were made, and whether their stream was closed.
ROW_THREADS: list[str] = []
CLOSED = threading.Event()


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type="text/plain")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def slow(request: HttpRequest) -> HttpResponse:
    BEGUN.set()
    GO_ON.wait()
    return HttpResponse(b"slow")


def rows(request: HttpRequest) -> StreamingHttpResponse:
    def each() -> Iterator[bytes]:
        try:
            for number in range(int(request.GET["rows"])):
                ROW_THREADS.append(threading.current_thread().name)
                yield b"%d\n" % number
        finally:
            CLOSED.set()

    return StreamingHttpResponse(each())


def events(request: HttpRequest) -> StreamingHttpResponse:
    async def each() -> AsyncIterator[bytes]:
        import asyncio

        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            CLOSED.set()

    return StreamingHttpResponse(each())


def cookie(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(b"", headers={"X-Host": request.headers["host"]})
    response.set_cookie("a", "1")
    return response


urlpatterns = [
    path("echo", echo),
    path("broken", broken),
    path("slow", slow),
    path("rows", rows),
    path("events", events),
    path("cookie", cookie),
    path("quick", echo),
]
