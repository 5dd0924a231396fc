"""Many questions about prices in one request: what each row asks, and what it is answered."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any, NamedTuple

import msgspec
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from pricetracker import symbols

from ..coverage import Verdict
from ..formats import instants
from ..formats.decimals import decimal_text
from ..models import Price
from ..models.conversion import Converted, Market, Way, convert, market, questions
from ..models.price_at import PriceAt, Question
from .fields import exact_number

# Rows of a request.
MOST_ROWS = 10_000

KEYS = ("symbol", "timestamp")

UNKNOWN = Verdict.UNKNOWN


class JSONRowsParser(BaseParser):
    """An array of objects. What is in a row is judged when it is answered."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], *context: Any, **options: Any) -> Any:
        try:
            rows = msgspec.json.decode(stream.read())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error
        if not isinstance(rows, list):
            raise ParseError("The body must be an array of objects with symbol and timestamp.")
        return bounded(rows)


class CSVRowsParser(BaseParser):
    """CSV with a header; its columns are those of the objects."""

    media_type = "text/csv"

    def parse(self, stream: IO[bytes], *context: Any, **options: Any) -> Any:
        try:
            text = stream.read().decode("utf-8-sig")
            header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        except (csv.Error, UnicodeDecodeError) as error:
            raise ParseError(f"The body is not valid CSV in UTF-8: {error}") from error
        except ValueError as error:
            raise ParseError("The body needs a header: symbol,timestamp.") from error
        if sorted(header) != sorted(KEYS):
            raise ParseError(f"The header must be symbol,timestamp, not {','.join(header)}.")
        lines = [row for row in rows if row]
        return bounded(
            [dict(zip(header, r, strict=True)) if len(r) == len(KEYS) else r for r in lines]
        )


def bounded(rows: list[Any]) -> list[Any]:
    if len(rows) > MOST_ROWS:
        raise ParseError(f"A request may have {MOST_ROWS:,} rows at most, not {len(rows):,}.")
    return rows


class Row(NamedTuple):
    """What a row asks. With an error, it is not asked."""

    symbol: Any
    timestamp: Any
    asked: instants.Asked | None = None
    error: str | None = None


def read_row(row: Any) -> Row:
    if not isinstance(row, Mapping) or set(row) != set(KEYS):
        given = row if isinstance(row, Mapping) else {}
        error = "A row has symbol and timestamp, and nothing else."
        return Row(given.get("symbol"), given.get("timestamp"), error=error)
    symbol, timestamp = row["symbol"], row["timestamp"]
    try:
        if not isinstance(symbol, str):
            return Row(symbol, timestamp, error=symbols.WANTED)
        name = symbols.parse(symbol)
        if not isinstance(timestamp, str | int) or isinstance(timestamp, bool):
            return Row(name, timestamp, error=instants.WANTED)
        return Row(name, timestamp, instants.parse(str(timestamp)))
    except ValueError as error:
        return Row(symbol, timestamp, error=str(error))


@dataclass(frozen=True)
class PriceRows:
    """Answers rows of one request. `max_age`: older prices are null. `quote`: an asset."""

    max_age: timedelta | None = None
    quote: str | None = None

    def answer(self, given: Sequence[Any]) -> list[dict[str, Any]]:
        return self.answer_rows([read_row(row) for row in given])

    def answer_rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        if self.quote is None:
            found = Price.objects.at([_question(row) for row in rows if row.asked])
            answers = iter(found)
            return [self._shaped(row, next(answers) if row.asked else None) for row in rows]
        return self._converted(rows, self.quote)

    def _converted(self, rows: Sequence[Row], quote: str) -> list[dict[str, Any]]:
        """One statement for the legs of all ways of all rows."""
        recorded = market()
        ways = [self._ways(recorded, row, quote) for row in rows]
        wanted = {
            each: None
            for row, some in zip(rows, ways, strict=True)
            if row.asked
            for each in questions(some, row.asked.instant)
        }
        found = dict(zip(wanted, Price.objects.at(list(wanted)), strict=True))
        return [
            self._with_legs(row, some, found, quote) for row, some in zip(rows, ways, strict=True)
        ]

    def _ways(self, recorded: Market, row: Row, quote: str) -> Sequence[Way]:
        return recorded.ways(row.symbol, quote) if row.asked else []

    def _with_legs(
        self,
        row: Row,
        ways: Sequence[Way],
        found: Mapping[Question, PriceAt | None],
        quote: str,
    ) -> dict[str, Any]:
        if row.asked is None:
            return self._shaped(row, None) | {"via": None}
        if not ways:
            error = f"No recorded symbols lead from {row.symbol} to {quote}."
            return self._shaped(row._replace(error=error), None) | {"via": None}
        converted: Converted | None = None
        for way in ways:
            legs = [found[each] for each in questions([way], row.asked.instant)]
            known = [leg for leg in legs if leg is not None]
            converted = convert(way, known) if len(known) == len(way) else None
            if converted is not None:
                break
        nothing = PriceAt(None, None, None, None, UNKNOWN)
        shaped = self._shaped(row, converted.answer if converted else nothing)
        return shaped | {"via": self._via(row.asked, converted) if converted else None}

    def _via(self, asked: instants.Asked, converted: Converted) -> list[dict[str, Any]]:
        return [
            {"symbol": leg.symbol, "inverse": leg.inverse, **written(asked, answer)}
            for leg, answer in converted.legs
        ]

    def _shaped(self, row: Row, found: PriceAt | None) -> dict[str, Any]:
        body = {"symbol": row.symbol, "timestamp": row.timestamp}
        if row.asked is None or found is None:
            error = row.error or f"{row.symbol} has no recorded price.{symbols.hint(row.symbol)}"
            return {**body, **dict.fromkeys(ANSWER), "error": error}
        answer = written(row.asked, found)
        if self.max_age is not None and found.age is not None and found.age > self.max_age:
            answer["price"] = None
        return {**body, **answer, "error": None}


def _question(row: Row) -> Question:
    assert row.asked is not None  # noqa: S101 - only rows without an error are asked
    return Question(row.symbol, row.asked.instant)


ANSWER = ("price", "actual_timestamp", "trade", "age", "coverage")


def written(asked: instants.Asked, found: PriceAt) -> dict[str, Any]:
    return {
        "price": None if found.price is None else decimal_text(found.price),
        "actual_timestamp": asked.answer(found.timestamp),
        "trade": found.trade,
        "age": None if found.age is None else exact_number(seconds(found.age)),
        "coverage": found.verdict.value,
    }


def seconds(age: timedelta) -> Decimal:
    return Decimal(age // timedelta(microseconds=1)).scaleb(-6)
