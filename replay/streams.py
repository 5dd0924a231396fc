"""What one stream connection has subscribed to. Knows no socket."""

import re
from collections.abc import Iterable
from typing import Any

from .control import ControlError, at, error_frame, id_of, parsed, reply_frame
from .frames import Dialect

MAX_STREAMS = 1024  # on one connection

TIME_UNITS = {"MICROSECOND": True, "microsecond": True, "MILLISECOND": False, "millisecond": False}

INTERVALS = "1s|1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1M"
KNOWN_STREAM = re.compile(
    rf"""
    [^@!/\s]+@(?:
        aggTrade | trade | miniTicker | ticker | ticker_(?:1h|4h|1d) | bookTicker | avgPrice
        | referencePrice | blockTrade | kline_(?:{INTERVALS})(?:@\+08:00)?
        | depth(?:5|10|20)?(?:@1000?ms)?
    )
    | !(?:miniTicker|ticker|ticker_1h|ticker_4h|ticker_1d)@arr
    """,
    re.VERBOSE,
)
SERVED = "aggTrade"  # the other streams are accepted, and stay silent

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


class Session:
    """What one connection has subscribed to."""

    def __init__(self, *, combined: bool, microseconds: bool = False) -> None:
        self._combined = combined
        self._microseconds = microseconds
        self._names: dict[str, None] = {}  # a set that keeps its order

    @property
    def dialect(self) -> Dialect:
        return Dialect(self._combined, self._microseconds)

    def symbols(self) -> list[str]:
        """Whose trades are to be sent. A name in upper case is accepted, and sends nothing."""
        streams = [name.partition("@") for name in self._names]
        return [
            symbol.upper()
            for symbol, _, kind in streams
            if kind == SERVED and symbol == symbol.lower()
        ]

    def open(self, names: Iterable[str]) -> str | None:
        """Subscribe to the streams named in the URL, all or none; an error frame if one is
        invalid.
        """
        try:
            self._subscribe(list(names))
        except ControlError as refusal:
            return error_frame(refusal, None)
        return None

    def answer(self, text: str) -> str:
        """Do what a control frame requests, and return the reply."""
        request_id = None
        try:
            request = parsed(text)
            request_id = id_of(request)
            result = self._grant(request, text)
        except ControlError as refusal:
            return error_frame(refusal, request_id)
        return reply_frame({"result": result, "id": request_id})

    def _grant(self, request: dict[str, Any], text: str) -> Any:
        if "method" not in request:
            raise ControlError(2, f"Invalid request: missing field `method` {at(1, len(text))}")
        method, params = request["method"], request.get("params", [])
        if not isinstance(params, list):
            raise ControlError(2, "Invalid request: params must be an array")
        match method:
            case "SUBSCRIBE":
                return self._subscribe(params)
            case "UNSUBSCRIBE":
                return self._unsubscribe(params)
            case "LIST_SUBSCRIPTIONS":
                return list(self._names)
        known = ", ".join(f"`{name}`" for name in METHODS)
        where = at(1, text.find(str(method)) + len(str(method)) + 1)
        raise ControlError(
            2, f"Invalid request: unknown variant `{method}`, expected one of {known} {where}"
        )

    def _subscribe(self, names: list[Any]) -> None:
        _check_names(names)
        wanted = self._names | dict.fromkeys(names)
        if len(wanted) > MAX_STREAMS:
            raise ControlError(4, "Too many subscriptions")
        self._names = wanted

    def _unsubscribe(self, names: list[Any]) -> None:
        _check_names(names)
        for name in names:
            self._names.pop(name, None)


def _check_names(names: list[Any]) -> None:
    for name in names:
        if not (isinstance(name, str) and KNOWN_STREAM.fullmatch(name)):
            raise ControlError(2, "Invalid request: invalid stream")
