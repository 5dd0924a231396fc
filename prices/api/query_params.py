"""What clients may ask: every query string is read by one of these."""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from ..models import Gap
from ..models.candle import INTERVALS
from .fields import AskedField, IncludeField, SymbolField, SymbolsField


def parameters(query: QueryDict) -> dict[str, str]:
    """The parameters of a query string, an empty one among them. Raises ValidationError when one is repeated.

    Of a QueryDict a serializer takes the last of several, and an empty one for none, as HTML forms mean it: a client that
    made a mistake would get an answer to a question that it did not ask.
    """
    given = dict(query.lists())
    repeated = [name for name, values in given.items() if len(values) > 1]
    if repeated:
        raise serializers.ValidationError({name: ["Must be given only once."] for name in repeated})
    return {name: value for name, (value,) in given.items()}


class SymbolsQuestion(serializers.Serializer[Any]):
    symbol = SymbolField(required=False, help_text="Only this symbol; by default all.")


class LatestQuestion(SymbolsQuestion):
    include = IncludeField(
        default=frozenset, help_text="`coverage`: add the reasons for the verdict."
    )


class InstantQuestion(LatestQuestion):
    symbol = SymbolField(help_text="A recorded symbol, in any case.")
    timestamp = AskedField(
        help_text="ISO 8601 (naive: UTC), or an integer of epoch seconds, milliseconds or microseconds."
    )


class RangeQuestion(serializers.Serializer[Any]):
    """Which rows of a list: those of a symbol, at or after `from`, before `to`."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "symbol": SymbolField(required=False, help_text="Only this symbol."),
            "from": AskedField(required=False, help_text="At or after this instant."),
            "to": AskedField(required=False, help_text="Before this instant."),
        }


class GapsQuestion(RangeQuestion):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            **super().get_fields(),
            "status": serializers.ChoiceField(
                Gap.Status.choices,
                required=False,
                help_text="Only gaps of this status.",
                error_messages={"invalid_choice": "Must be open, repaired or void."},
            ),
        }


def interval_field() -> serializers.ChoiceField:
    names = list(INTERVALS)
    return serializers.ChoiceField(
        names,
        default="1m",
        help_text="Length of a candle.",
        error_messages={"invalid_choice": f"Must be {', '.join(names[:-1])} or {names[-1]}."},
    )


class CandlesQuestion(RangeQuestion):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            **super().get_fields(),
            "symbol": SymbolField(help_text="A recorded symbol, in any case."),
            "from": AskedField(
                required=False, help_text="Candles that begin at or after this instant."
            ),
            "to": AskedField(required=False, help_text="Candles that begin before this instant."),
            "interval": interval_field(),
        }


class EventsQuestion(serializers.Serializer[Any]):
    symbols = SymbolsField(default=None, help_text="Only these symbols, separated by commas.")
    candles = SymbolsField(
        default=None, help_text="Only candles of these symbols; by default of the same symbols."
    )
    interval = interval_field()

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        return asked if asked["candles"] else {**asked, "candles": asked["symbols"]}
