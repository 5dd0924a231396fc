"""The shapes of rows: what lists and live push send, and the state of the site.

The answers to questions are shaped in `answers`.
"""

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any

from msgspec import Raw
from rest_framework import serializers

from ..models.written_candle import WrittenCandle
from .fields import ExactNumber, ExactText, InstantField


class RowAnswer(serializers.Serializer[Any]):
    """A row of a list. Sources of fields are looked up once: there may be 1,000 rows."""

    @cached_property
    def writers(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        return [
            (name, attrgetter(field.source or name), field.to_representation)
            for name, field in self.fields.items()
        ]

    def to_representation(self, row: Any) -> dict[str, Any]:
        found = ((name, read(row), write) for name, read, write in self.writers)
        return {name: None if value is None else write(value) for name, value, write in found}


class GapTouching(RowAnswer):
    """A gap that touches an answer: between which instants trades are missing, or were."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(source="starts"),
            "to": InstantField(source="ends"),
            "status": serializers.CharField(),
        }


class CoverageAnswer(serializers.Serializer[Any]):
    """What the tape can prove about an answer, and why."""

    verdict = serializers.CharField()
    complete_through = InstantField(allow_null=True)
    gaps = GapTouching(many=True)


class TickAnswer(RowAnswer):
    """A tick: the trades of one order at one price and one instant."""

    symbol = serializers.CharField()
    price = ExactText()
    quantity = ExactText()
    timestamp = InstantField()
    first_trade = serializers.IntegerField()
    trades = serializers.IntegerField()
    is_buyer_maker = serializers.BooleanField(
        allow_null=True, help_text="The seller was the taker. Null when that is not known."
    )


class CandleAnswer(RowAnswer):
    """The prices and volumes of one interval; `minute` is when it begins."""

    symbol = serializers.CharField()
    minute = InstantField()
    open = ExactNumber()
    high = ExactNumber()
    low = ExactNumber()
    close = ExactNumber()
    volume = ExactNumber()
    trades = serializers.IntegerField()
    quote_volume = ExactText(
        allow_null=True, help_text="Sum of price times quantity. Null when that is not known."
    )
    taker_buy_volume = ExactText(
        allow_null=True,
        help_text=(
            "Volume in which the buyer was the taker. Null when it is not known of each tick."
        ),
    )
    taker_buy_quote_volume = ExactText(
        allow_null=True,
        help_text=(
            "Quote volume in which the buyer was the taker. Null when it is not known of each tick."
        ),
    )

    def to_representation(self, row: WrittenCandle) -> dict[str, Any]:
        """There may be 1,000 rows, and each value is text as it is sent: no field touches it."""
        return {
            "symbol": row.symbol,
            "minute": row.minute,
            "open": Raw(row.open),
            "high": Raw(row.high),
            "low": Raw(row.low),
            "close": Raw(row.close),
            "volume": Raw(row.volume),
            "trades": row.trades,
            "quote_volume": row.quote_volume,
            "taker_buy_volume": row.taker_buy_volume,
            "taker_buy_quote_volume": row.taker_buy_quote_volume,
        }


class CoveredCandleAnswer(CandleAnswer):
    """A candle, and what the tape can prove about it."""

    coverage = CoverageAnswer(required=False)

    def to_representation(self, row: WrittenCandle) -> dict[str, Any]:
        coverage = self.fields["coverage"].to_representation(row.coverage)
        return super().to_representation(row) | {"coverage": coverage}


class GapAnswer(GapTouching):
    """Trades that are missing on the tape, or were: which ones, when, and what was done."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "symbol": serializers.CharField(source="symbol.name"),
            "first_trade": serializers.IntegerField(),
            "last_trade": serializers.IntegerField(),
            **super().get_fields(),
            "opened_at": InstantField(),
            "closed_at": InstantField(allow_null=True),
            "attempts": serializers.IntegerField(
                help_text="How often these trades were requested from the exchange."
            ),
            "last_error": serializers.CharField(allow_null=True),
            "source": serializers.CharField(
                allow_null=True,
                help_text="Where the missing trades came from: stream, rest or archive.",
            ),
            "ticks": serializers.IntegerField(
                help_text="How many ticks have been filled in so far."
            ),
        }


class SymbolAnswer(RowAnswer):
    """The state of a symbol's feed and tape."""

    symbol = serializers.CharField(source="name")
    live = serializers.BooleanField(help_text="A recorder extends the watermark of the symbol now.")
    heard_through = InstantField(
        allow_null=True,
        help_text=(
            "Watermark: all trades before it are on the tape, or known to be missing. "
            "Null before the first heartbeat."
        ),
    )
    down_since = InstantField(
        allow_null=True,
        help_text=(
            "The last instant that the feed covered. Null when it is live, or has never been live."
        ),
    )
    lag = ExactNumber(
        source="lag_seconds",
        allow_null=True,
        help_text=(
            "Seconds from the newest trade to its commit, by the recorder's clock. "
            "Null when not live."
        ),
    )
    ticks_per_second = ExactNumber(
        allow_null=True,
        help_text="Ticks per second over the last ten seconds of the tape. Null when not live.",
    )
    change_24h = ExactNumber(
        allow_null=True,
        help_text=(
            "Change in percent over the 24 hours before the newest tick. "
            "Null when the price 24 hours ago is not known."
        ),
    )
    open_gaps = serializers.IntegerField()


class FeedHealth(serializers.Serializer[Any]):
    """Whether a symbol is being recorded now, and its watermark."""

    symbol = serializers.CharField(source="name")
    live = serializers.BooleanField()
    heard_through = InstantField(allow_null=True)


class Health(serializers.Serializer[Any]):
    """Whether the site can answer queries."""

    status = serializers.CharField()
    feeds = FeedHealth(many=True)
