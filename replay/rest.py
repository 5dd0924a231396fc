"""The REST requests and their responses. Knows no socket; the time is passed in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .candles import INTERVALS, candles
from .faults.rest_history import History
from .faults.rest_lies import lies
from .faults.schedule import FaultSchedule
from .ledger import Ledger, Market, Tick
from .limits import Limits
from .listing import exchange_info
from .params import ParameterError, Params
from .rest_rows import agg_trade_row, candle_row, trade_row
from .selection import bounds, chosen_openings, chosen_ticks
from .streams import TIME_UNITS
from .trades import newest_trades

Answer = tuple[int, Any]  # HTTP status and what its JSON body holds

NO_FAULTS = FaultSchedule()


@dataclass(frozen=True)
class Question:
    """One request, at one instant of the exchange's clock."""

    params: Params
    now: int  # µs
    unit: int  # µs in the unit of time that the answer speaks
    faults: FaultSchedule


@dataclass(frozen=True)
class Endpoint:
    answer: Callable[["Rest", Question], Any]
    params: tuple[str, ...] = ()
    weight: int = 1


class Rest:
    """Every response shows what has happened by the clock, and nothing later."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits

    def weight(self, path: str, names: Iterable[str]) -> int:
        """The weight of a request; 0 when there is no such path."""
        endpoint = ENDPOINTS.get(path)
        return endpoint.weight if endpoint else 0

    def answer(
        self,
        path: str,
        pairs: Iterable[tuple[str, str]],
        time_unit: str | None,
        now: int,
        faults: FaultSchedule = NO_FAULTS,
    ) -> Answer | None:
        """None when there is no such path. Applies the faults that change the data."""
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            return None
        try:
            params = Params(pairs, endpoint.params)
            question = Question(params, now, _unit(time_unit), faults)
            return 200, endpoint.answer(self, question)
        except ParameterError as error:
            return 400, {"code": error.code, "msg": str(error)}

    def _ping(self, question: Question) -> Any:
        return {}

    def _time(self, question: Question) -> Any:
        return {"serverTime": question.now // question.unit}

    def _exchange_info(self, question: Question) -> Any:
        markets = self._markets(question.params)
        statuses = {
            market.symbol: fault.options["status"]
            for market in markets
            if (fault := question.faults.lasting("status", market.symbol))
        }
        return exchange_info(markets, statuses, question.now // question.unit, self._limits)

    def _agg_trades(self, question: Question) -> Any:
        market = self._market(question.params)
        chosen = bounds(question.params, question.now)
        told = lies(question.faults, market.symbol)
        ticks: Iterable[Tick]
        if told.bend_rows:
            ticks = History(market, told, question.now).page(chosen)
        else:
            ticks = market.ticks(*chosen_ticks(market, chosen, question.now - told.lag))
        return [agg_trade_row(tick, question.unit) for tick in ticks]

    def _trades(self, question: Question) -> Any:
        market = self._market(question.params)
        trades = newest_trades(market, question.now, question.params.limit())
        return [trade_row(trade, question.unit) for trade in trades]

    def _klines(self, question: Question) -> Any:
        params = question.params
        market = self._market(params)
        now = question.now - lies(question.faults, market.symbol).lag
        length = INTERVALS.get(params.required("interval"))
        if length is None:
            raise ParameterError(-1120, "Invalid interval.")
        first, last = chosen_openings(market, params, now, length)
        if not market.count_until(now):
            return []
        rows = candles(market, first, last, length, now)
        return [candle_row(row, question.unit) for row in rows]

    def _market(self, params: Params) -> Market:
        return self._listed(params.symbol())

    def _markets(self, params: Params) -> list[Market]:
        symbols = params.symbols()
        return [self._listed(symbol) for symbol in (symbols or self._ledger.markets)]

    def _listed(self, symbol: str) -> Market:
        try:
            return self._ledger.markets[symbol]
        except KeyError:
            raise ParameterError(-1121, "Invalid symbol.") from None


ENDPOINTS = {
    "ping": Endpoint(Rest._ping),
    "time": Endpoint(Rest._time),
    "exchangeInfo": Endpoint(Rest._exchange_info, ("symbol", "symbols"), weight=20),
    "aggTrades": Endpoint(
        Rest._agg_trades, ("symbol", "fromId", "startTime", "endTime", "limit"), weight=4
    ),
    "trades": Endpoint(Rest._trades, ("symbol", "limit"), weight=25),
    "klines": Endpoint(
        Rest._klines, ("symbol", "interval", "startTime", "endTime", "limit"), weight=2
    ),
}


def _unit(header: str | None) -> int:
    if header is None:
        return 1000
    if header not in TIME_UNITS:
        raise ParameterError(
            -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        )
    return 1 if TIME_UNITS[header] else 1000
