"""The query strings that clients may send. Each is read by one of these serializers.

What the lists can be filtered by is in `filters`.
"""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from ..candle_intervals import INTERVALS
from .fields import (
    AskedField,
    CursorField,
    IncludeField,
    LimitField,
    SecondsField,
    SymbolField,
    SymbolsField,
)
from .shared import shared

# Rows per page.
PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000

# The values of `order`.
ASCENDING, DESCENDING = ORDERS = ("asc", "desc")


def parameters(query: QueryDict) -> dict[str, str]:
    """The parameters of a query string, those with an empty value included.

    Raises ValidationError when one is repeated. From a QueryDict a serializer takes the last of
    several values, and an empty value as none, as HTML forms mean it: a client with a mistake would
    get an answer to a question that it did not ask.
    """
    given = dict(query.lists())
    repeated = [name for name, values in given.items() if len(values) > 1]
    if repeated:
        raise serializers.ValidationError({name: ["Must be given only once."] for name in repeated})
    return {name: value for name, (value,) in given.items()}


# Both are natural: where only one of them is declared, the other one means the same.
SAME = {"symbol": "symbols", "symbols": "symbol"}


def read(serializer: type[serializers.Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """What a query string asks for. Raises ValidationError."""
    reader, given = shared(serializer), parameters(query)
    if SAME.keys() <= given.keys():
        raise serializers.ValidationError({"symbols": ["Give either symbol or symbols."]})
    renamed = {
        name: other for name, other in SAME.items() if name in given and name not in reader.fields
    }
    try:
        asked: dict[str, Any] = reader.run_validation(
            {renamed.get(name, name): value for name, value in given.items()}
        )
    except serializers.ValidationError as error:
        raise named_as_given(error, renamed) from error
    return asked


def named_as_given(
    error: serializers.ValidationError, renamed: dict[str, str]
) -> serializers.ValidationError:
    """The error under the name that the client has used."""
    if not renamed or not isinstance(error.detail, dict):
        return error
    back = {other: name for name, other in renamed.items()}
    return serializers.ValidationError(
        {back.get(name, name): why for name, why in error.detail.items()}
    )


def interval_field() -> serializers.ChoiceField:
    names = list(INTERVALS)
    return serializers.ChoiceField(
        names,
        default="1m",
        help_text="Length of a candle.",
        error_messages={"invalid_choice": f"Must be {', '.join(names[:-1])} or {names[-1]}."},
    )


def include_field(help_text: str) -> IncludeField:
    return IncludeField(default=frozenset, help_text=help_text)


class SymbolsQuery(serializers.Serializer[Any]):
    symbol = SymbolField(required=False, help_text="Only this symbol; by default all.")
    symbols = SymbolsField(required=False, help_text="Only these symbols, separated by commas.")


class IncludeQuery(serializers.Serializer[Any]):
    include = include_field("`coverage`: add the reasons for the verdict.")


class LatestQuery(SymbolsQuery, IncludeQuery):
    symbol = SymbolField(required=False, help_text="Only this symbol, as an object.")


class InstantQuery(IncludeQuery):
    symbol = SymbolField(help_text="A recorded symbol, in any case.")
    timestamp = AskedField(
        help_text=(
            "ISO 8601 (naive: UTC), or an integer of epoch seconds, milliseconds or microseconds."
        )
    )


class AtQuery(serializers.Serializer[Any]):
    max_age = SecondsField(
        required=False, help_text="Seconds: a price that is older is null. By default none is."
    )
    quote = SymbolField(required=False, help_text="The asset to price in, such as USDT.")


class PageQuery(serializers.Serializer[Any]):
    limit = LimitField(
        MAX_PAGE_SIZE, default=PAGE_SIZE, help_text=f"Rows per page, {PAGE_SIZE} by default."
    )
    cursor = CursorField(
        required=False, help_text="Where the page begins, from `next` of the previous page."
    )
    order = serializers.ChoiceField(
        ORDERS,
        required=False,
        help_text="`desc`, newest first, by default; rows as CSV or JSON Lines: `asc`.",
        error_messages={"invalid_choice": "Must be asc or desc."},
    )


class StreamQuery(serializers.Serializer[Any]):
    """What `PageQuery` is to pages, for all rows in one response."""

    limit = LimitField(MAX_PAGE_SIZE, required=False, help_text="Only so many rows; else all.")
    order = serializers.ChoiceField(ORDERS, default=ASCENDING)
    cursor = serializers.CharField(required=False)

    def validate_cursor(self, cursor: str) -> str:
        raise serializers.ValidationError(
            "All rows come in one response, without pages: choose them by from and to."
        )


class EventsQuery(serializers.Serializer[Any]):
    symbols = SymbolsField(default=None, help_text="Only these symbols, separated by commas.")
    candles = SymbolsField(
        default=None, help_text="Only candles of these symbols; by default of the same symbols."
    )
    interval = interval_field()

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        return asked if asked["candles"] else {**asked, "candles": asked["symbols"]}
