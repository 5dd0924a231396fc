"""Lanes: bounded groups of threads, so that costly requests never hold up the others.

A thread keeps its database connection, so a lane also bounds the sessions in PostgreSQL. Within a
lane requests are answered in order of arrival.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Busy(Exception):
    """The lane has as many requests waiting as it takes, or this one waited too long."""


@dataclass(slots=True)
class Job:
    """One request: what is to be done in the thread, and who waits for it on the event loop."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    arrived: float


class Lane:
    """`threads` are started when they are first needed; `waiting` requests may queue for them.

    A request that has waited for `patience` seconds when its turn comes is not answered any more:
    its client would rather have heard earlier.
    """

    def __init__(self, name: str, *, threads: int, waiting: int, patience: float) -> None:
        self.name, self._threads = name, threads
        self._waiting, self._patience = waiting, patience
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = self._free = 0

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Do the work in a thread of this lane. Raises Busy, and whatever the work raises."""
        if self._jobs.qsize() >= self._waiting:
            raise Busy(self.name)
        loop = asyncio.get_running_loop()
        job = Job(work, arguments, loop, loop.create_future(), time.monotonic())
        with self._lock:
            # A free thread is one that waits for a job, or is about to.
            grows = self._free <= self._jobs.qsize() and self._started < self._threads
            self._started += grows
        self._jobs.put(job)
        if grows:
            name = f"{self.name} {self._started}"
            threading.Thread(target=self._live, name=name, daemon=True).start()
        result: Result = await job.future
        return result

    def _live(self) -> None:
        while True:
            with self._lock:
                self._free += 1
            job = self._jobs.get()
            with self._lock:
                self._free -= 1
            self._do(job)
            # Not kept while the thread waits for the next one.
            del job

    def _do(self, job: Job) -> None:
        if job.future.cancelled():
            return
        try:
            if time.monotonic() - job.arrived > self._patience:
                raise Busy(self.name)
            result = job.work(*job.arguments)
        except BaseException as error:  # noqa: BLE001 - raised again where the job is awaited
            tell(job, job.future.set_exception, error)
        else:
            tell(job, job.future.set_result, result)


def tell(job: Job, settle: Callable[[Any], None], outcome: Any) -> None:
    # The loop is closed when the site has stopped meanwhile.
    with contextlib.suppress(RuntimeError):
        job.loop.call_soon_threadsafe(finish, job.future, settle, outcome)


def finish(future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
