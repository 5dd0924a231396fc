"""The ticks, and the three questions about them. One statement answers a question."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connections, models
from django.db.models import QuerySet

from ..coverage import Coverage, KnownTape, of_latest
from ..minutes import MINUTE
from ..sql import statement
from .candle import Candle
from .price_at import PriceAt, Question, ask
from .symbol import Symbol
from .touching import touching

LATEST_OF_ALL, LATEST_OF_SOME, LATEST_OF_ONE = map(
    statement, ("read/latest_all", "read/latest_some", "read/latest_one")
)
AS_OF, MINUTE_OF = map(statement, ("read/as_of", "read/minute"))

Row = dict[str, Any]
AnyModel = TypeVar("AnyModel", bound=models.Model)


class PriceQuerySet(QuerySet["Price"]):
    """The three questions, each answered together with its coverage.

    Like Django's `raw()` they ask the whole table, whatever the query set was filtered by. The
    coverage belongs to the answer because both come from one statement, and so from one snapshot.
    `python -m benchmarks orm` compares these statements with what the ORM makes of the questions.
    """

    def latest(  # type: ignore[override] # Replaces Django's, which takes names of fields.
        self, *, symbols: Collection[str] | None = None
    ) -> "list[tuple[Price, Coverage]]":
        """The newest tick of each symbol, of all or of some by name, ordered by symbol.

        A symbol that has no tick is left out.
        """
        if symbols is None:
            found = self._select(LATEST_OF_ALL, {})
        elif len(symbols) == 1:
            found = self._select(LATEST_OF_ONE, {"name": next(iter(symbols))})
        else:
            found = self._select(LATEST_OF_SOME, {"names": list(symbols)})
        return [
            (
                self._price(row, row["name"]),
                of_latest(row["timestamp"], row["watermark"], touching(row["gaps"])),
            )
            for row in found
        ]

    def as_of(self, symbol: str, instant: datetime) -> "tuple[Price | None, Coverage]":
        """The last tick at or before an instant; of several at one instant, the highest trade id.

        Raises Symbol.DoesNotExist.
        """
        row = self._one(AS_OF, {"name": symbol, "instant": instant})
        price = None if row["first_trade"] is None else self._price(row, symbol)
        return price, known(row).of_price(instant, found=price is not None)

    def at(self, questions: Sequence[Question]) -> list[PriceAt | None]:
        """`as_of` for thousands of questions at once, in order; None where no symbol is so named.

        The statement is one, and so is the snapshot. Of the coverage there is the verdict.
        """
        return ask(self.db, questions)

    def minute(self, symbol: str, start: datetime) -> tuple[Candle | None, Coverage]:
        """The candle of the minute that begins at an instant; None when nothing was traded in it.

        Raises Symbol.DoesNotExist.
        """
        # Half-open: a gap that starts with the next minute does not touch this one.
        # In this order, the last minute of the calendar has an end too.
        end = start + (MINUTE - timedelta.resolution)
        row = self._one(MINUTE_OF, {"name": symbol, "start": start, "end": end})
        candle = None if row["minute"] is None else loaded(Candle, self.db, row)
        return candle, known(row).of_minute(start, row["began"], row["now"])

    def _select(self, query: str, asked: Mapping[str, Any]) -> list[Row]:
        with connections[self.db].cursor() as cursor:
            cursor.execute(query, asked)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _one(self, query: str, asked: Mapping[str, Any]) -> Row:
        """The row of one symbol. Raises Symbol.DoesNotExist."""
        found = self._select(query, asked)
        if not found:
            raise Symbol.DoesNotExist
        return found[0]

    def _price(self, row: Row, symbol: str) -> "Price":
        price = loaded(Price, self.db, row)
        price.symbol = loaded(Symbol, self.db, {"id": row["symbol_id"], "name": symbol})
        return price


def loaded(model: type[AnyModel], alias: str, row: Row) -> AnyModel:
    """An instance of the columns that a row has. The others are deferred, as after `only()`."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in row]
    return model.from_db(alias, names, [row[name] for name in names])


def known(row: Row) -> KnownTape:
    return KnownTape(row["newest"], row["watermark"], touching(row["gaps"]), row["torn"])


class Price(models.Model):
    """A stored tick: the fills of one order at one price and one instant, aggregated by Binance.

    A tick costs some 126 bytes, of two symbols or of forty: the row 68, either index 28. The keys:

    - The primary key is (symbol, first trade id). Storing a tick again is a key conflict, and the
      neighbour by key is the neighbour by trade id, which is how gaps are seen.
    - (symbol, timestamp) answers the as-of and the latest price by one descent. Ticks of one
      instant are ordered by an incremental sort on the trade id; the price is not in the index,
      because only one row is read.
    - Both begin with the symbol: the table can be partitioned and distributed by it.
    - There is no foreign key constraint, which would look up the symbol once per tick. Nothing
      deletes symbols.

    Columns of fixed width come first, the widest first, so that little is lost to alignment.
    """

    pk = models.CompositePrimaryKey("symbol_id", "first_trade")
    timestamp = models.DateTimeField()
    first_trade = models.BigIntegerField()
    trades = models.IntegerField(help_text="How many raw trades the tick holds.")
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="prices"
    )
    # The seller was the taker. NULL: not known, of ticks that were stored without it.
    is_buyer_maker = models.BooleanField(null=True)
    price = models.DecimalField(max_digits=18, decimal_places=8)
    # Wider than the price: cheap coins are traded by the billion.
    quantity = models.DecimalField(max_digits=28, decimal_places=8)

    objects = PriceQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("symbol", "timestamp"), name="price_symbol_timestamp"),)

    def __str__(self) -> str:
        return f"{self.first_trade} {self.price} at {self.timestamp.isoformat()}"

    @property
    def last_trade(self) -> int:
        return self.first_trade + self.trades - 1
