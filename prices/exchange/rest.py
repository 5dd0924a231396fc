"""Requests to REST: one at a time, within a share of the rate limit, respecting Retry-After."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Self
from urllib.parse import urlencode

import urllib3

from .failures import REFUSALS, refusal
from .headers import retry_after_seconds, whole_number
from .pools import Dialler
from .proxies import choose
from .rate_limit import LONGEST_PAUSE, MOST_WEIGHT, RateLimiter
from .request_threads import RequestThreads
from .rest_errors import Refused, Stopped, Unanswered, complaint, origin, reason
from .retry_after import RetryAfter
from .tls import trust

logger = logging.getLogger(__name__)

# Seconds. Inside the exchange an answer may take 10.
TIMEOUT = urllib3.Timeout(connect=5, read=15)

# Limits of a response, in seconds and bytes. The list of all symbols, the largest, has some 15 MB.
LONGEST_ANSWER = 60
LARGEST_ANSWER = 64 << 20
PIECE = 1 << 16

# Seconds for the whole response, headers included: each read may take as long as TIMEOUT says.
LONGEST_REQUEST = 90

# Seconds to pause after a 429 or 418 without Retry-After: then the minute is over, and so is the
# shortest ban.
DEFAULT_RETRY_AFTER = {429: 60, 418: 120}

# Waits longer than this, in seconds, are logged.
NOTICEABLE = 10


class Rest:
    """Requests to one exchange, from one thread at a time.

    A context manager: closes the connections. `retry_after` is the one shared with other processes.
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
        retry_after: RetryAfter | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._base_url = base_url
        self._stopped = stopped
        self.sleep = sleep
        self.clock = clock
        self._wall_clock = wall_clock
        self.rate_limiter = RateLimiter()
        # Requests sent so far, and their weight.
        self.requests = 0
        self.weight = 0
        self._retry_after = retry_after
        self._dialler = Dialler(choose(base_url, environ))
        self.threads = RequestThreads(
            stopped=stopped, hang_up=self._dialler.hang_up, longest=longest
        )
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
        return self.threads.run(lambda: self.ask(question))

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
        shared = self._retry_after.left() if self._retry_after else 0.0
        return max(self.rate_limiter.wait(weight, self.clock()), shared)

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
        used = whole_number(answer.headers.get("X-MBX-USED-WEIGHT-1M", ""), MOST_WEIGHT)
        if used is not None:
            self.rate_limiter.told(used, now)
        if answer.status in DEFAULT_RETRY_AFTER:
            asked = answer.headers.get("Retry-After", "")
            seconds = retry_after_seconds(asked, self._wall_clock(), LONGEST_PAUSE)
            if seconds is None:
                seconds = DEFAULT_RETRY_AFTER[answer.status]
            self.rate_limiter.pause(seconds, now)
            if self._retry_after:
                self._retry_after.keep(seconds)

    def _objection(self, status: int, body: bytes) -> Unanswered:
        objection = complaint(body)
        # Our words, where there are any, say what to do about it.
        theirs = "" if status in REFUSALS else objection.msg
        message = f"The exchange refused the request with {refusal(status)} {theirs}".rstrip()
        if status == 400 and objection.code < 0:
            return Refused(objection.code, message)
        return Unanswered(message)
