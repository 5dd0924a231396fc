"""What a request to REST raises, and the reason in words."""

import msgspec

from .dialing import ProxyFailure
from .failures import explain

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
