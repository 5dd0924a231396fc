"""Requests to REST: one at a time, within a share of the rate limit, respecting Retry-After."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Self
from urllib.parse import urlencode

import msgspec
import urllib3

from .connection import REFUSALS, explain, refusal, trust
from .dialing import ProxyFailure
from .headers import retry_after, whole
from .pools import Dialler
from .proxies import choose
from .rate_limit import LONGEST_SILENCE, MOST_WEIGHT, RateLimiter
from .retry_after import RetryAfter

logger = logging.getLogger(__name__)

# Seconds. Inside the exchange an answer may take 10.
TIMEOUT = urllib3.Timeout(connect=5, read=15)

# Limits of a response, in seconds and bytes. The list of all symbols, the largest, has some 15 MB.
LONGEST_ANSWER = 60
LARGEST_ANSWER = 64 << 20
PIECE = 1 << 16

# Seconds for the whole response, headers included: each read may take as long as TIMEOUT says.
LONGEST_REQUEST = 90

# Requests that were abandoned and have not ended. Their sockets are shut, so one that has not ended
# is waiting for the system's resolver.
STRAYS = 4

# Seconds of pause after a 429 or a 418 without Retry-After: a minute is over then, and so is the
# shortest ban.
SILENCES = {429: 60, 418: 120}

# Seconds between two checks whether to stop.
BEAT = 0.1

# Waits longer than this, in seconds, are logged.
NOTICEABLE = 10

# What decoding raises; text that is not UTF-8 is the second, and JSON that is nested more deeply
# than Python's stack the third.
NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Unanswered(Exception):
    """REST did not answer, or not as documented.

    The message says how. A later request may succeed.
    """


class Refused(Unanswered):
    """The exchange rejects the request itself: repeating it is useless.

    `code` is the exchange's.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopped(Exception):
    """A wait was abandoned because the process is stopping."""


class Objection(msgspec.Struct, frozen=True):
    """The body of an error."""

    code: int = 0
    msg: str = ""


class Rest:
    """Requests to one exchange, from one thread at a time.

    A context manager, which closes the connections. `silence` is the Retry-After that is shared
    with other processes.
    """

    def __init__(
        self,
        base_url: str,
        *,
        stopped: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        timeout: urllib3.Timeout = TIMEOUT,
        longest: float = LONGEST_REQUEST,
        silence: RetryAfter | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._base_url = base_url
        self._stopped = stopped
        self.sleep = sleep
        self.clock = clock
        self._wall_clock = wall_clock
        self._longest = longest
        self.strays: list[threading.Thread] = []
        self.rate_limiter = RateLimiter()
        # Requests sent so far, and their weight.
        self.requests = 0
        self.weight = 0
        self._silence = silence
        self._dialler = Dialler(choose(base_url, environ))
        self._pool = self._dialler.pool(
            timeout=timeout,
            retries=False,
            ssl_context=trust(),
            headers={"X-MBX-TIME-UNIT": "MICROSECOND"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._pool.clear()

    def get(self, path: str, weight: int, **params: str | int) -> bytes:
        """The body of the response to `/api/v3/{path}`; times in it are in microseconds.

        Waits until the request may be made. Raises Unanswered, Refused, or Stopped.
        """
        self.wait(weight)
        question = f"{self._base_url}/api/v3/{path}"
        if params:
            question += f"?{urlencode(params)}"
        self.rate_limiter.spend(weight, self.clock())
        self.requests += 1
        self.weight += weight
        return self._aside(lambda: self.ask(question))

    def _aside(self, errand: Callable[[], bytes]) -> bytes:
        """Run a function in a thread of its own, with a time limit.

        It is abandoned when the process is stopping, or when the server does not end its response.
        """
        self.strays = [thread for thread in self.strays if thread.is_alive()]
        if len(self.strays) >= STRAYS:
            raise Unanswered(f"{STRAYS} earlier requests are still running.")
        outcome: Future[bytes] = Future()

        def run() -> None:
            try:
                outcome.set_result(errand())
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                outcome.set_exception(error)

        thread = threading.Thread(target=run, name="REST", daemon=True)
        thread.start()
        for _ in range(math.ceil(self._longest / BEAT)):
            try:
                return outcome.result(BEAT)
            except TimeoutError:
                if self._stopped():
                    self._give_up(thread)
                    raise Stopped from None
        self._give_up(thread)
        raise Unanswered("The exchange did not answer in time.")

    def _give_up(self, thread: threading.Thread) -> None:
        """Shut the connection, so that the thread that reads from it ends."""
        self.strays.append(thread)
        self._dialler.hang_up()

    def ask(self, question: str) -> bytes:
        began = self.clock()
        try:
            # Redirects are not followed: a page for signing in, say, is no exchange. Nothing is
            # unpacked: we ask for no compression, and a little of it may hold gigabytes.
            answer = self._pool.request(
                "GET", question, redirect=False, preload_content=False, decode_content=False
            )
            # Before its body, which may be truncated.
            self._listen(answer)
            try:
                body = self._body(answer, began)
            finally:
                # A response that was read to its end has returned its connection; otherwise that
                # one is of no more use.
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unanswered(reason(origin(error))) from error
        if answer.status == 200:
            return body
        raise self._objection(answer.status, body)

    def wait(self, weight: int) -> None:
        while wait := self.due_in(weight):
            if wait > NOTICEABLE:
                logger.info(
                    "REST paused for %.0f s (rate limit or Retry-After).",
                    wait,
                )
            self.sleep(wait)
            if self._stopped():
                raise Stopped

    def due_in(self, weight: int) -> float:
        """Seconds until a request of some weight may be made."""
        told_to_others = self._silence.left() if self._silence else 0.0
        return max(self.rate_limiter.wait(weight, self.clock()), told_to_others)

    def _body(self, answer: urllib3.BaseHTTPResponse, began: float) -> bytes:
        pieces, size = [], 0
        while piece := answer.read1(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise Unanswered("The exchange's answer is too large.")
            if self.clock() - began > LONGEST_ANSWER:
                raise Unanswered("The exchange's answer is too slow.")
        return b"".join(pieces)

    def _listen(self, answer: urllib3.BaseHTTPResponse) -> None:
        """Take the rate limits from the headers of any response."""
        now = self.clock()
        used = whole(answer.headers.get("X-MBX-USED-WEIGHT-1M", ""), MOST_WEIGHT)
        if used is not None:
            self.rate_limiter.told(used, now)
        if answer.status in SILENCES:
            asked = answer.headers.get("Retry-After", "")
            seconds = retry_after(asked, self._wall_clock(), LONGEST_SILENCE)
            if seconds is None:
                seconds = SILENCES[answer.status]
            self.rate_limiter.silence(seconds, now)
            if self._silence:
                self._silence.keep(seconds)

    def _objection(self, status: int, body: bytes) -> Unanswered:
        objection = complaint(body)
        # Our words, where there are any, say what to do about it.
        theirs = "" if status in REFUSALS else objection.msg
        message = f"The exchange refused the request with {refusal(status)} {theirs}".rstrip()
        if status == 400 and objection.code < 0:
            return Refused(objection.code, message)
        return Unanswered(message)


def complaint(body: bytes) -> Objection:
    """The exchange's own error; empty when an intermediary answered, usually in HTML."""
    try:
        return msgspec.json.decode(body, type=Objection)
    except NO_JSON:
        return Objection()


def origin(error: BaseException) -> BaseException:
    """The cause of an error of the HTTP library: the name, the socket, the certificate."""
    while not isinstance(error, ProxyFailure):
        below = error.__cause__ or error.__context__
        if below is None:
            break
        error = below
    return error


def reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, ProxyFailure):
        return "The exchange did not answer in time."
    return explain(error)
