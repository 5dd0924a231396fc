"""What clients may ask: every query string is read by one of these."""

from rest_framework import serializers

from .. import instants
from .fields import AskedField, IncludeField, SymbolField


class LatestQuestion(serializers.Serializer):
    symbol = SymbolField(required=False, help_text="Only this symbol; otherwise all.")
    include = IncludeField(
        default=frozenset, help_text="`coverage`: say why the verdict is what it is."
    )


class PriceAtQuestion(LatestQuestion):
    symbol = SymbolField(help_text="A recorded symbol, in any case.")
    timestamp = AskedField(
        help_text="ISO 8601 (naive: UTC), or an integer of epoch seconds, milliseconds or microseconds."
    )


class MinuteQuestion(PriceAtQuestion):
    def validate_timestamp(self, asked: instants.Asked) -> instants.Asked:
        try:
            instants.minute_of(asked)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        return asked


class RangeQuestion(serializers.Serializer):
    """Which rows of a list: those of a symbol, at or after `from`, before `to`."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            "symbol": SymbolField(required=False, help_text="Only this symbol."),
            "from": AskedField(required=False, help_text="At or after this instant."),
            "to": AskedField(required=False, help_text="Before this instant."),
        }


class CandlesQuestion(RangeQuestion):
    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            **super().get_fields(),
            "symbol": SymbolField(help_text="A recorded symbol, in any case."),
            "interval": serializers.ChoiceField(
                ["1m"], default="1m", help_text="Length of a candle."
            ),
        }
