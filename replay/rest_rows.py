"""Rows as REST writes them. `unit`: µs in the time unit of the response."""

from typing import Any

from .ledger import Tick
from .trades import Trade


def agg_trade_row(tick: Tick, unit: int) -> dict[str, Any]:
    return {
        "a": tick.agg_id,
        "p": tick.price,
        "q": tick.quantity,
        "f": tick.first_id,
        "l": tick.last_id,
        "T": tick.time // unit,
        "m": tick.buyer_maker,
        "M": tick.best_match,
    }


def trade_row(trade: Trade, unit: int) -> dict[str, Any]:
    return {
        "id": trade.id,
        "price": trade.price,
        "qty": trade.quantity,
        "quoteQty": trade.quote,
        "time": trade.time // unit,
        "isBuyerMaker": trade.buyer_maker,
        "isBestMatch": trade.best_match,
    }


def candle_row(row: list[Any], unit: int) -> list[Any]:
    opens, closes = 0, 6  # columns
    row[opens] //= unit
    row[closes] //= unit
    return row
