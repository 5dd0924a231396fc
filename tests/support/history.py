"""A plain exchange's past for tests of the backfill: rows of aggregate trades, answered by the
rules of REST.
"""

import json
from dataclasses import dataclass, field

from prices.exchange.messages import AggTrade
from prices.exchange.rate_limit import RateLimiter
from prices.exchange.rest_errors import Unanswered


@dataclass
class History:
    """The past of one symbol, in the place of `Rest`. `kept_from` is the oldest aggregate id that is kept.

    `by_row`: a page by time leaves out every row that is told to be earlier, not only those before the first that is not.
    `ends_before`: raw trade ids from there on have not reached the database yet. `errors` are raised first, one a question.
    """  # noqa: E501

    rows: list[dict] = field(default_factory=list)
    kept_from: int = 0
    by_row: bool = False
    ends_before: int | None = None
    errors: list[Exception] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)

    def add(self, tick: AggTrade, number: int | None = None, traded: int | None = None) -> None:
        """A trade, under the next aggregate id or another, at its own time or another."""
        row = {"a": self.next() if number is None else number, "p": tick.price, "q": tick.quantity}
        row |= {"f": tick.first, "l": tick.last, "T": traded or tick.traded}
        row |= {"m": tick.is_buyer_maker, "M": True}
        self.rows.append(row)

    def bury(self, number: int | None = None) -> None:
        """A tombstone takes the next aggregate id, or another."""
        traded = self.rows[-1]["T"] if self.rows else 1
        row = {
            "a": self.next() if number is None else number,
            "p": "0",
            "q": "0",
            "f": -1,
            "l": -1,
            "T": traded,
        }
        self.rows.append(row | {"m": False, "M": False})

    def next(self) -> int:
        return self.rows[-1]["a"] + 1 if self.rows else 1000

    def get(self, path: str, weight: int, **params: int) -> bytes:
        assert path == "aggTrades"
        self.asked.append(params)
        if self.errors:
            raise self.errors.pop(0)
        return json.dumps(self.chosen(params)[: params["limit"]]).encode()

    def due_in(self, weight: int) -> float:
        return 0.0

    def chosen(self, params: dict) -> list[dict]:
        kept = [row for row in self.rows if row["a"] >= self.kept_from]
        if self.ends_before is not None:
            late = [n for n, row in enumerate(kept) if row["f"] >= self.ends_before]
            kept = kept[: late[0]] if late else kept
        if "fromId" in params:
            return [row for row in kept if row["a"] >= params["fromId"]]
        if "startTime" in params:
            if self.by_row:
                return [row for row in kept if row["T"] >= params["startTime"]]
            found = [n for n, row in enumerate(kept) if row["T"] >= params["startTime"]]
            return kept[found[0] :] if found else []
        return kept[-params["limit"] :]


UNREACHABLE = Unanswered("The exchange did not answer in time.")
