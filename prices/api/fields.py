"""Fields that read parameters, and fields that write values of the tape exactly."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pricetracker import symbols

from ..formats import instants
from ..formats.decimals import decimal_text

# Only ASCII digits, and few: Python reads the digits of other scripts too, and refuses thousands.
SHORT_NUMBER = re.compile(r"[0-9]{1,9}")
SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


@extend_schema_field(OpenApiTypes.STR)
class SymbolField(serializers.Field[str, Any, Any, Any]):
    """A symbol in any case, read as upper case."""

    def to_internal_value(self, text: Any) -> str:
        try:
            return symbols.parse(str(text))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field(OpenApiTypes.STR)
class SymbolsField(serializers.Field[frozenset[str], Any, Any, Any]):
    """Symbols in any case, separated by commas."""

    def to_internal_value(self, text: Any) -> frozenset[str]:
        try:
            return frozenset(map(symbols.parse, str(text).split(",")))
        except ValueError as error:
            raise serializers.ValidationError(f"Separated by commas: {error}") from error


@extend_schema_field(OpenApiTypes.STR)
class AskedField(serializers.Field[instants.Asked, Any, Any, Any]):
    """An instant in any format of `prices.formats.instants`, which keeps how it was written."""

    def to_internal_value(self, text: Any) -> instants.Asked:
        return parsed(text)


@extend_schema_field(OpenApiTypes.STR)
class InstantParameter(serializers.Field[datetime, Any, Any, Any]):
    """The same, for filters: how it was written does not matter."""

    def to_internal_value(self, text: Any) -> datetime:
        return parsed(text).instant


@extend_schema_field(OpenApiTypes.INT)
class LimitField(serializers.Field[int, Any, Any, Any]):
    """A whole number from 1 to a maximum."""

    def __init__(self, maximum: int, **options: Any) -> None:
        super().__init__(**options)
        self.maximum = maximum

    def to_internal_value(self, text: Any) -> int:
        if not SHORT_NUMBER.fullmatch(text) or not 1 <= int(text) <= self.maximum:
            raise serializers.ValidationError(f"Must be a whole number from 1 to {self.maximum}.")
        return int(text)


@extend_schema_field({"type": "number", "minimum": 0})
class SecondsField(serializers.Field[timedelta, Any, Any, Any]):
    """Seconds, to the microsecond."""

    def to_internal_value(self, text: Any) -> timedelta:
        if not SECONDS.fullmatch(text):
            raise serializers.ValidationError("Must be seconds such as 60 or 0.5.")
        return timedelta(microseconds=int(Decimal(text).scaleb(6)))


@extend_schema_field(OpenApiTypes.STR)
class CursorField(serializers.Field[str, Any, Any, Any]):
    """Where a page begins. Only `pagination` knows what it means."""

    def to_internal_value(self, text: Any) -> str:
        return str(text)


@extend_schema_field(OpenApiTypes.STR)
class IncludeField(serializers.Field[frozenset[str], Any, Any, Any]):
    """Names of extra keys of the response, separated by commas."""

    known = ("coverage",)

    def to_internal_value(self, text: Any) -> frozenset[str]:
        names = frozenset(name.strip() for name in str(text).split(",") if name.strip())
        if names.difference(self.known):
            raise serializers.ValidationError(f"Can only include: {', '.join(self.known)}.")
        return names


def parsed(text: Any) -> instants.Asked:
    """Raises ValidationError."""
    try:
        return instants.parse(str(text))
    except ValueError as error:
        raise serializers.ValidationError(str(error)) from error


def exact_number(number: Decimal) -> msgspec.Raw:
    """A decimal as a JSON number with exactly its digits."""
    return msgspec.Raw(decimal_text(number).encode())


@extend_schema_field({"type": "string", "example": "61928.31"})
class ExactText(serializers.Field[Decimal, Any, str, Any]):
    """A decimal as a JSON string."""

    def to_representation(self, number: Decimal) -> str:
        return decimal_text(number)


@extend_schema_field({"type": "number", "example": 2611.82})
class ExactNumber(serializers.Field[Decimal, Any, msgspec.Raw, Any]):
    """A decimal as a JSON number, with the stored digits."""

    def to_representation(self, number: Decimal) -> msgspec.Raw:
        return exact_number(number)


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.Field[datetime, Any, str, Any]):
    """An instant in UTC, with Z."""

    def to_representation(self, instant: datetime) -> str:
        return instants.iso(instant)
