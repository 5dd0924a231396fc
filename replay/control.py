"""Control frames of a stream connection: the form of requests and replies."""

import json
import re
from typing import Any

# A signed 64-bit integer, up to 36 letters, digits and hyphens (so a UUID), or null.
TEXT_ID = re.compile(r"[A-Za-z0-9-]{1,36}")
INTEGER_IDS = range(-(2**63), 2**63)


class ControlError(Exception):
    """A request that cannot be granted: a code of the streams' own small space, and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def parsed(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        raise ControlError(3, f"Invalid JSON: expected value {at(line, column)}") from None
    if not isinstance(request, dict):
        raise ControlError(2, f"Invalid request: missing field `method` {at(1, len(text))}")
    return request


def id_of(request: dict[str, Any]) -> int | str | None:
    match request.get("id"):
        case None:
            return None
        case bool():
            pass
        case int() as number if number in INTEGER_IDS:
            return number
        case str() as word if TEXT_ID.fullmatch(word):
            return word
    raise ControlError(2, "Invalid request: request ID must be an unsigned integer")


def at(line: int, column: int) -> str:
    return f"at line {line} column {column}"


def error_frame(refusal: ControlError, request_id: int | str | None) -> str:
    return reply_frame({"error": {"code": refusal.code, "msg": str(refusal)}, "id": request_id})


def reply_frame(reply: dict[str, Any]) -> str:
    return json.dumps(reply, separators=(",", ":"), ensure_ascii=False)
