"""The three questions and the lists. A view reads the question, asks the tape, and shapes the answer."""

import logging
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from pricetracker import reasons

from .. import ask
from ..coverage import Coverage, Verdict, worst
from ..exact import decimal_text
from ..keys import minute_start
from ..models import Candle, Gap, Symbol, Tick
from . import answers, questions
from .pagination import KeysetPagination, TickPagination

NOT_AVAILABLE = "N/A"

logger = logging.getLogger(__name__)


class NeverRecorded(NotFound):
    """A 404 that names the symbols that are recorded."""

    def __init__(self, symbol: str) -> None:
        names = ", ".join(Symbol.objects.names()) or "none yet"
        super().__init__(f"{symbol} has no recorded price. Recorded symbols: {names}.")


class TapeViewSet(GenericViewSet):
    """What all views on the tape share: a declared question, and an answer that no cache may keep."""

    question: type[Serializer]

    def asked(self, question: type[Serializer]) -> dict[str, Any]:
        query = question(data=questions.parameters(self.request.query_params))
        query.is_valid(raise_exception=True)
        return query.validated_data

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        if settings.DEMO:
            response["X-Demo"] = "a replayed recording, not today's prices"
        return response


class RangeViewSet(ListModelMixin, TapeViewSet):
    """A list of rows of the tape, newest first."""

    pagination_class = KeysetPagination
    question = questions.RangeQuestion

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        asked = self.asked(self.question)
        symbol = asked.get("symbol")
        if symbol and not Symbol.objects.filter(name=symbol).exists():
            raise NeverRecorded(symbol)
        start, end = (asked[name].instant if name in asked else None for name in ("from", "to"))
        return rows.between(symbol, start, end)


def shaped(
    shape: type[Serializer], asked: dict[str, Any], coverage: Coverage, **answer: Any
) -> dict[str, Any]:
    if "coverage" in asked["include"]:
        answer["coverage"] = coverage
    return shape(answer).data


def answered(body: Any, verdict: Verdict) -> Response:
    return Response(body, headers={"X-Coverage": verdict.value})


class PriceViewSet(RangeViewSet):
    """Recorded ticks, and the three questions about them."""

    queryset = Tick.objects.all()
    serializer_class = answers.TickAnswer
    pagination_class = TickPagination

    @extend_schema(parameters=[questions.RangeQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)

    @extend_schema(
        parameters=[questions.LatestQuestion],
        responses=answers.LatestAnswer(many=True),
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def latest(self, request: Any) -> Response:
        """The newest price of every symbol, ordered by symbol; of one symbol, when one is named."""
        asked = self.asked(questions.LatestQuestion)
        found = ask.latest(asked.get("symbol"))
        if "symbol" in asked and not found:
            raise NeverRecorded(asked["symbol"])
        bodies = [
            shaped(
                answers.LatestAnswer,
                asked,
                coverage,
                symbol=tick.symbol.name,
                price=tick.price,
                timestamp=tick.timestamp,
            )
            for tick, coverage in found
        ]
        verdict = worst(coverage.verdict for _, coverage in found)
        return answered(bodies[0] if "symbol" in asked else bodies, verdict)

    @extend_schema(
        parameters=[questions.InstantQuestion], responses=answers.PriceAtAnswer, filters=False
    )
    @action(detail=False, url_path="price-at-second", pagination_class=None)
    def price_at_second(self, request: Any) -> Response:
        """The last price at or before an instant."""
        asked = self.asked(questions.InstantQuestion)
        symbol, when = asked["symbol"], asked["timestamp"]
        try:
            tick, coverage = ask.price_at(symbol, when.instant)
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        body = shaped(
            answers.PriceAtAnswer,
            asked,
            coverage,
            symbol=symbol,
            timestamp=when.text,
            price=decimal_text(tick.price) if tick else NOT_AVAILABLE,
            actual_timestamp=when.answer(tick.timestamp) if tick else None,
        )
        return answered(body, coverage.verdict)

    @extend_schema(
        parameters=[questions.InstantQuestion], responses=answers.MinuteAnswer, filters=False
    )
    @action(detail=False, pagination_class=None)
    def minmax(self, request: Any) -> Response:
        """The high and the low of a minute, from its first instant to just before the next minute."""
        asked = self.asked(questions.InstantQuestion)
        symbol, when = asked["symbol"], asked["timestamp"]
        try:
            candle, coverage = ask.minute(symbol, minute_start(when.instant))
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        body = shaped(
            answers.MinuteAnswer,
            asked,
            coverage,
            symbol=symbol,
            minute=when.minute,
            high=candle.high if candle else None,
            low=candle.low if candle else None,
        )
        return answered(body, coverage.verdict)


class CandleViewSet(RangeViewSet):
    """Minute candles of a symbol. A minute in which nothing was traded has none."""

    queryset = Candle.objects.select_related("symbol")
    serializer_class = answers.CandleAnswer
    question = questions.CandlesQuestion

    @extend_schema(parameters=[questions.CandlesQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)


class GapViewSet(RangeViewSet):
    """Holes in the tape, open and closed, that touch a range of time; the newest entry first."""

    queryset = Gap.objects.select_related("symbol")
    serializer_class = answers.GapAnswer
    question = questions.GapsQuestion

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        status = self.asked(self.question).get("status")
        return super().filter_queryset(rows.filter(status=status) if status else rows)

    @extend_schema(parameters=[questions.GapsQuestion])
    def list(self, *args: Any, **kwargs: Any) -> Response:
        return super().list(*args, **kwargs)


class HealthView(APIView):
    """Whether the site can answer, and which symbols are being recorded now."""

    @extend_schema(responses={200: answers.Health, 503: answers.Health})
    def get(self, request: Any) -> Response:
        try:
            feeds = list(Symbol.objects.with_feed())
        except OperationalError as error:
            # Asked every few seconds, it must not tell a traceback each time.
            logger.error("The database does not answer: %s", reasons.first(error))  # noqa: TRY400
            return Response({"status": "database unreachable", "feeds": []}, status=503)
        return Response(answers.Health({"status": "ok", "feeds": feeds}).data)
