"""The ticks, and the three questions about them. A view reads the question, asks the tape, and shapes the answer."""

import logging
from typing import Any

from django.db import OperationalError
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from pricetracker import reasons

from ..coverage import Coverage, Verdict, worst
from ..formats.decimals import decimal_text
from ..minutes import minute_start
from ..models import Price, Symbol, Tick
from . import query_params, serializers
from .base import NeverRecorded, ready
from .lists import RangeViewSet
from .pagination import TickPagination

NOT_AVAILABLE = "N/A"

logger = logging.getLogger(__name__)


def shaped(
    shape: type[Serializer[Any]], asked: dict[str, Any], coverage: Coverage, **answer: Any
) -> dict[str, Any]:
    if "coverage" in asked["include"]:
        answer["coverage"] = coverage
    body: dict[str, Any] = ready(shape).to_representation(answer)
    return body


def answered(body: Any, verdict: Verdict) -> Response:
    return Response(body, headers={"X-Coverage": verdict.value})


class PriceViewSet(RangeViewSet):
    """Recorded ticks, and the three questions about them."""

    queryset = Tick.objects.all()
    serializer_class = serializers.TickAnswer
    pagination_class = TickPagination

    @extend_schema(parameters=[query_params.RangeQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)

    @extend_schema(
        parameters=[query_params.LatestQuestion],
        responses=serializers.LatestAnswer(many=True),
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def latest(self, request: Any) -> Response:
        """The newest price of every symbol, ordered by symbol; of one symbol, when one is named."""
        asked = self.asked(query_params.LatestQuestion)
        found = Price.objects.latest(symbols=[asked["symbol"]] if "symbol" in asked else None)
        if "symbol" in asked and not found:
            raise NeverRecorded(asked["symbol"])
        bodies = [
            shaped(serializers.LatestAnswer, asked, coverage, **serializers.latest(tick))
            for tick, coverage in found
        ]
        verdict = worst(coverage.verdict for _, coverage in found)
        return answered(bodies[0] if "symbol" in asked else bodies, verdict)

    @extend_schema(
        parameters=[query_params.InstantQuestion],
        responses=serializers.PriceAtAnswer,
        filters=False,
    )
    @action(detail=False, url_path="price-at-second", pagination_class=None)
    def price_at_second(self, request: Any) -> Response:
        """The last price at or before an instant."""
        asked = self.asked(query_params.InstantQuestion)
        symbol, when = asked["symbol"], asked["timestamp"]
        try:
            tick, coverage = Price.objects.as_of(symbol, when.instant)
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        body = shaped(
            serializers.PriceAtAnswer,
            asked,
            coverage,
            symbol=symbol,
            timestamp=when.text,
            price=decimal_text(tick.price) if tick else NOT_AVAILABLE,
            actual_timestamp=when.answer(tick.timestamp) if tick else None,
        )
        return answered(body, coverage.verdict)

    @extend_schema(
        parameters=[query_params.InstantQuestion], responses=serializers.MinuteAnswer, filters=False
    )
    @action(detail=False, pagination_class=None)
    def minmax(self, request: Any) -> Response:
        """The high and the low of a minute, from its first instant to just before the next minute."""
        asked = self.asked(query_params.InstantQuestion)
        symbol, when = asked["symbol"], asked["timestamp"]
        try:
            candle, coverage = Price.objects.minute(symbol, minute_start(when.instant))
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        body = shaped(
            serializers.MinuteAnswer,
            asked,
            coverage,
            symbol=symbol,
            minute=when.minute,
            high=candle.high if candle else None,
            low=candle.low if candle else None,
        )
        return answered(body, coverage.verdict)


class HealthView(APIView):
    """Whether the site can answer queries, and which symbols are being recorded now."""

    @extend_schema(responses={200: serializers.Health, 503: serializers.Health})
    def get(self, request: Any) -> Response:
        try:
            feeds = list(Symbol.objects.with_feed())
        except OperationalError as error:
            # Asked every few seconds, it must not tell a traceback each time.
            logger.error("Database unavailable: %s", reasons.first(error))  # noqa: TRY400
            return Response({"status": "database unreachable", "feeds": []}, status=503)
        return Response(serializers.Health({"status": "ok", "feeds": feeds}).data)
