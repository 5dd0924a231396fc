"""The query parameters of a REST request, checked as the exchange checks them."""

import json
import re
from collections.abc import Iterable

# The exchange's own pattern, in its own spelling for the message.
SYMBOL = re.compile(r"(?:[-.]|(?![a-z])\w){1,50}")
SYMBOL_RANGE = r"^[\w\-._&&[^a-z]]{1,50}$"
NUMBER = re.compile(r"\d{1,18}", re.ASCII)  # fits 64 bits
NUMBER_RANGE = r"^[0-9]{1,20}$"

MICROSECONDS_FROM = 10**14  # a larger time is in microseconds, a smaller one in milliseconds
EARLIEST = (
    1_483_228_800_000_000  # 2017-01-01: the exchange did not exist, bounds are moved up to it
)
LOOK_AHEAD = 10_000_000  # µs beyond now that a bound may reach

DEFAULT_LIMIT = 500
MAX_LIMIT = 1000


class ParameterError(Exception):
    """A request that is refused with 400: the exchange's code, and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Params:
    """The parameters of one request."""

    def __init__(self, pairs: Iterable[tuple[str, str]], allowed: Iterable[str]) -> None:
        self._values: dict[str, str] = {}
        pairs = list(pairs)
        for name, value in pairs:
            if name in self._values:
                raise ParameterError(-1101, "Duplicate values for a parameter detected.")
            self._values[name] = value
        read = len(self._values.keys() & set(allowed))
        if read < len(pairs):
            raise ParameterError(
                -1104,
                "Not all sent parameters were read;"
                f" read '{read}' parameter(s) but was sent '{len(pairs)}'.",
            )

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def required(self, name: str) -> str:
        value = self._values.get(name)
        if not value:
            raise ParameterError(
                -1102,
                f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
            )
        return value

    def symbol(self) -> str:
        return _symbol("symbol", self.required("symbol"))

    def symbols(self) -> list[str] | None:
        """The requested symbols, in either spelling; None when none is named."""
        if "symbol" in self and "symbols" in self:
            raise ParameterError(-1128, "Combination of optional parameters invalid.")
        if "symbol" in self:
            return [self.symbol()]
        if "symbols" not in self:
            return None
        return _symbols(self.required("symbols"))

    def number(self, name: str) -> int | None:
        if name not in self:
            return None
        text = self._values[name]
        if not text:
            raise ParameterError(-1105, f"Parameter '{name}' was empty.")
        if not NUMBER.fullmatch(text):
            raise _illegal(name, NUMBER_RANGE)
        return int(text)

    def limit(self) -> int:
        limit = self.number("limit")
        if limit is None:
            return DEFAULT_LIMIT
        if limit == 0:
            raise ParameterError(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(limit, MAX_LIMIT)

    def time(self, name: str, now: int) -> int | None:
        """A bound in µs, clamped to the range that the exchange knows."""
        value = self.number(name)
        if value is None:
            return None
        if value < MICROSECONDS_FROM:
            value *= 1000
        return min(max(value, EARLIEST), now + LOOK_AHEAD)

    def last_time(self, name: str, now: int) -> int | None:
        """The same for an upper bound: in milliseconds, it includes the whole of its last one."""
        time = self.time(name, now)
        in_milliseconds = (self.number(name) or 0) < MICROSECONDS_FROM
        return time + 999 if time is not None and in_milliseconds else time


def _symbol(name: str, text: str) -> str:
    if not SYMBOL.fullmatch(text):
        raise _illegal(name, SYMBOL_RANGE)
    return text


def _symbols(text: str) -> list[str]:
    try:
        symbols = json.loads(text)
    except ValueError:
        symbols = None
    if not symbols or not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
        raise ParameterError(-1100, "Illegal characters found in parameter 'symbols'.")
    if len(set(symbols)) < len(symbols):
        raise ParameterError(-1151, "Symbol is present multiple times in the list.")
    return [_symbol("symbols", symbol) for symbol in symbols]


def _illegal(name: str, legal: str) -> ParameterError:
    return ParameterError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )
