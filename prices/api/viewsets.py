"""The viewsets: ticks with the three questions about them, candles, gaps and symbols."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.mixins import ListModelMixin
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import GenericViewSet

from ..coverage import Verdict, worst
from ..minutes import minute_start
from ..models import Candle, Gap, Price, Symbol, Tick
from . import answers, filters, row_streams, serializers
from .compression import compress
from .errors import NeverRecorded
from .headers import add_headers
from .known_parameters import KnownParameters
from .pagination import CandlePagination, TickPagination
from .price_rows import CSVRowsParser, JSONRowsParser, PriceRows
from .query_params import AtQuery, InstantQuery, LatestQuery, SymbolsQuery, read
from .renderers import CSVRenderer, JSONLinesRenderer, RowsRenderer
from .shared import shared
from .throttling import ListThrottle

# Actions that may answer with many rows.
WITH_ROWS = frozenset({"list", "at"})
ROW_RENDERERS: list[BaseRenderer] = [CSVRenderer(), JSONLinesRenderer()]


class TapeViewSet(KnownParameters, GenericViewSet[Any]):
    """Reads the query string by `query_serializer_class`. No cache may keep a response."""

    query_serializer_class: type[Serializer[Any]] = Serializer

    def asked(self) -> dict[str, Any]:
        """The parameters of the request. Raises ValidationError."""
        return read(self.query_serializer_class, self.request.query_params)

    def get_throttles(self) -> list[BaseThrottle]:
        """The three questions read a row per symbol: they are not counted."""
        return [ListThrottle()] if self.action in WITH_ROWS else []

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        add_headers(response)
        if isinstance(response, Response):
            response.add_post_render_callback(partial(compress, self.request._request))
        return response


def wanted_symbols(asked: Mapping[str, Any]) -> list[str] | None:
    """The symbols that a query names; None: it names none, and means all."""
    if "symbol" in asked:
        return [asked["symbol"]]
    return sorted(asked["symbols"]) if "symbols" in asked else None


def check_found(wanted: Iterable[str] | None, found: Iterable[str]) -> None:
    """Raises NeverRecorded for the first symbol that was wanted and not found."""
    for missing in sorted(set(wanted or ()) - set(found)):
        raise NeverRecorded(missing)


def question(
    query: type[Serializer[Any]], answer: type[Serializer[Any]], **options: Any
) -> Callable[..., Any]:
    """An action that answers a question about the whole tape, without filters or pages."""
    return action(
        detail=False,
        query_serializer_class=query,
        serializer_class=answer,
        filter_backends=(),
        pagination_class=None,
        **options,
    )


class RowsViewSet(ListModelMixin, TapeViewSet):
    """A list: in pages, or all rows in one response when they are wanted as CSV or JSON Lines.

    `rows_name`: what the rows are, for the name of a file.
    """

    rows_name: str

    def get_renderers(self) -> list[BaseRenderer]:
        """The three questions have no rows."""
        return super().get_renderers() + (ROW_RENDERERS if self.action in WITH_ROWS else [])

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if isinstance(request.accepted_renderer, RowsRenderer):
            rows = self.filter_queryset(self.get_queryset())
            return row_streams.respond(request, rows, self)
        return super().list(request, *args, **kwargs)


class PriceViewSet(RowsViewSet):
    """Recorded ticks, newest first, and the three questions about them."""

    rows_name = "ticks"
    queryset = Tick.objects.all()
    serializer_class = serializers.TickAnswer
    query_serializer_class = filters.TickFilters
    filter_backends = (filters.TickFilter,)
    pagination_class = TickPagination

    @extend_schema(responses=answers.LatestAnswer(many=True))
    @question(LatestQuery, answers.LatestAnswer)
    def latest(self, request: Request) -> Response:
        """The newest price of every symbol, or of some, ordered by symbol; or of one symbol.

        The response is an array, unless `symbol` is given: then it is that one object. The header
        `X-Coverage` tells whether newer trades can be missing: `complete`, `incomplete` or
        `unknown`; for an array it is the worst verdict on its objects.
        """
        asked = self.asked()
        wanted = wanted_symbols(asked)
        found = Price.objects.latest(symbols=wanted)
        check_found(wanted, (price.symbol.name for price, _ in found))
        if "symbol" in asked:
            return self.answer(answers.Answer(asked, *found[0]))
        verdict = worst(coverage.verdict for _, coverage in found)
        return self.answered(verdict, [self.shaped(answers.Answer(asked, *each)) for each in found])

    @question(InstantQuery, answers.PriceAtAnswer, url_path="price-at-second")
    def price_at_second(self, request: Request) -> Response:
        """The last price at or before an instant.

        `actual_timestamp` is when that price was traded. With nothing at or before the instant,
        `price` is "N/A" and `actual_timestamp` is null. The header `X-Coverage` tells whether a
        later trade at or before the instant can be missing: `complete`, `incomplete` or `unknown`.
        """
        asked = self.asked()
        symbol = asked["symbol"]
        try:
            found = Price.objects.as_of(symbol, asked["timestamp"].instant)
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        return self.answer(answers.Answer(asked, *found))

    @question(InstantQuery, answers.MinuteAnswer)
    def minmax(self, request: Request) -> Response:
        """The highest and the lowest price of a minute.

        The minute is the one that contains `timestamp`, up to but not including the next minute.
        With no trade in it, `high` and `low` are null. The header `X-Coverage` tells whether trades
        of the minute can be missing: `complete`, `incomplete` or `unknown`.
        """
        asked = self.asked()
        symbol = asked["symbol"]
        try:
            found = Price.objects.minute(symbol, minute_start(asked["timestamp"].instant))
        except Symbol.DoesNotExist:
            raise NeverRecorded(symbol) from None
        return self.answer(answers.Answer(asked, *found))

    @extend_schema(request=answers.PriceQuestion(many=True), responses=answers.PriceRow(many=True))
    @question(
        AtQuery,
        answers.PriceRow,
        methods=("post",),
        parser_classes=(JSONRowsParser, CSVRowsParser),
    )
    def at(self, request: Request) -> Response:
        """The last price at or before each of up to 10,000 instants.

        The body is an array of objects with `symbol` and `timestamp`, or CSV with that header; the
        answers come in the same order, each as `/price-at-second` would give it. A row that makes
        no sense has an `error`, and changes no other. `trade` is the first trade id of the tick,
        `age` how many seconds older than the instant it is. The header `X-Coverage` is the worst
        verdict on the rows that have one.

        With `max_age` the `price` is null when it is older. With `quote` the base asset of each
        symbol, or the asset of that name, is priced in that asset: by the recorded symbol of the
        two, or by two symbols with an asset in between. `via` has these, and the `inverse` of one
        is one divided by its price. The result is rounded half to even to 28 significant digits;
        `age` and `actual_timestamp` are those of the older leg, `coverage` is the worse verdict.
        """
        asked = self.asked()
        given = request.data
        if not isinstance(given, list):
            # REST framework parses no empty body.
            raise ParseError("The body must have rows with symbol and timestamp.")
        rows = PriceRows(asked.get("max_age"), asked.get("quote")).answer(given)
        verdicts = (Verdict(row["coverage"]) for row in rows if row["coverage"])
        return self.answered(worst(verdicts), rows)

    def answer(self, answer: answers.Answer) -> Response:
        return self.answered(answer.coverage.verdict, self.shaped(answer))

    def shaped(self, answer: answers.Answer) -> Any:
        return shared(self.serializer_class).to_representation(answer)

    def answered(self, verdict: Verdict, body: Any) -> Response:
        return Response(body, headers={"X-Coverage": verdict.value})


class CandleViewSet(RowsViewSet):
    """Candles of one symbol at one interval, newest first.

    `minute` is when a candle begins. Intervals and boundaries are those of the exchange, in UTC:
    weeks begin on Monday, months on the first, three days are counted from 1970. An interval in
    which nothing was traded has no candle; one that lasts a second has none either once its ticks
    are pruned.
    """

    rows_name = "candles"
    queryset = Candle.objects.all()
    serializer_class = serializers.CandleAnswer
    query_serializer_class = filters.CandleFilters
    filter_backends = (filters.CandleFilter,)
    pagination_class = CandlePagination

    def get_serializer_class(self) -> type[Serializer[Any]]:
        # The schema describes both.
        included = getattr(self, "swagger_fake_view", False) or (
            "coverage" in self.asked()["include"]
        )
        return serializers.CoveredCandleAnswer if included else self.serializer_class


class GapViewSet(RowsViewSet):
    """Gaps in the tape that overlap a range of time, open and closed; the newest entry first.

    A gap is a range of trade ids that exist and are missing on the tape. It is open until they
    arrive, then repaired; or void when the exchange proves that there never were such trades.
    """

    rows_name = "gaps"
    queryset = Gap.objects.select_related("symbol")
    serializer_class = serializers.GapAnswer
    query_serializer_class = filters.GapFilters


class SymbolViewSet(TapeViewSet):
    """The recorded symbols, and the state of the feed and the tape of each."""

    queryset = Symbol.objects.all()
    serializer_class = serializers.SymbolAnswer
    query_serializer_class = SymbolsQuery
    filter_backends = ()
    pagination_class = None

    def list(self, request: Request) -> Response:
        wanted = wanted_symbols(self.asked())
        found = Symbol.objects.with_state(wanted)
        check_found(wanted, (symbol.name for symbol in found))
        return Response(self.get_serializer(found, many=True).data)
