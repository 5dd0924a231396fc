"""The shapes of the answers to questions: the three about the tape, and those of many rows."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rest_framework import serializers

from ..coverage import Coverage
from ..formats.decimals import decimal_text
from ..formats.instants import iso
from ..models import Candle, Price
from .fields import ExactNumber, ExactText, InstantField, exact_number
from .serializers import CoverageAnswer

# The price where there is none.
NOT_AVAILABLE = "N/A"


class Answer(NamedTuple):
    """A question, as its query serializer has read it, and the answer.

    `found` is None where there is no such tick or candle.
    """

    asked: Mapping[str, Any]
    found: Price | Candle | None
    coverage: Coverage


class QuestionAnswer(serializers.Serializer[Any]):
    """The answer to one of the three questions. `coverage` is a key only where it is included.

    A subclass has the `body`, the other keys.
    """

    body: Callable[[Mapping[str, Any], Any], dict[str, Any]]

    def to_representation(self, answer: Answer) -> dict[str, Any]:
        body = self.body(answer.asked, answer.found)
        if "coverage" in answer.asked["include"]:
            body["coverage"] = self.fields["coverage"].to_representation(answer.coverage)
        return body


class LatestAnswer(QuestionAnswer):
    """The newest price of a symbol."""

    symbol = serializers.CharField()
    price = ExactText()
    timestamp = InstantField()
    coverage = CoverageAnswer(required=False)

    def body(self, asked: Mapping[str, Any], price: Price) -> dict[str, Any]:
        return {
            "symbol": price.symbol.name,
            "price": decimal_text(price.price),
            "timestamp": iso(price.timestamp),
        }


class PriceAtAnswer(QuestionAnswer):
    """The last price at or before an instant."""

    symbol = serializers.CharField()
    timestamp = serializers.CharField(help_text="The instant, as it was written in the request.")
    price = serializers.CharField(help_text="Exact decimal; N/A when there is no price.")
    actual_timestamp = serializers.CharField(
        allow_null=True, help_text="When the price was traded, written like `timestamp`."
    )
    coverage = CoverageAnswer(required=False)

    def body(self, asked: Mapping[str, Any], price: Price | None) -> dict[str, Any]:
        when = asked["timestamp"]
        return {
            "symbol": asked["symbol"],
            "timestamp": when.text,
            "price": NOT_AVAILABLE if price is None else decimal_text(price.price),
            "actual_timestamp": None if price is None else when.answer(price.timestamp),
        }


class PriceQuestion(serializers.Serializer[Any]):
    """A row of many questions about prices."""

    symbol = serializers.CharField()
    timestamp = serializers.CharField(help_text="As in `/price-at-second`; a number may be one.")


class PriceRow(serializers.Serializer[Any]):
    """A row of many answers, which `price_rows` writes."""

    symbol = serializers.CharField()
    timestamp = serializers.CharField(help_text="The instant, as it was written in the request.")
    price = serializers.CharField(allow_null=True, help_text="Exact decimal.")
    actual_timestamp = serializers.CharField(allow_null=True)
    trade = serializers.IntegerField(allow_null=True)
    age = ExactNumber(allow_null=True, help_text="Seconds.")
    coverage = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    via = serializers.ListField(
        child=serializers.DictField(), allow_null=True, required=False, help_text="With `quote`."
    )


class MinuteAnswer(QuestionAnswer):
    """The highest and the lowest price of a minute."""

    symbol = serializers.CharField()
    minute = serializers.CharField(help_text="When the minute begins, written like `timestamp`.")
    high = ExactNumber(allow_null=True)
    low = ExactNumber(allow_null=True)
    coverage = CoverageAnswer(required=False)

    def body(self, asked: Mapping[str, Any], candle: Candle | None) -> dict[str, Any]:
        return {
            "symbol": asked["symbol"],
            "minute": asked["timestamp"].minute,
            "high": None if candle is None else exact_number(candle.high),
            "low": None if candle is None else exact_number(candle.low),
        }
