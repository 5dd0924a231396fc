"""manage.py price_at: prices for the rows of a CSV file."""

import csv
import itertools
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.api.price_rows import ANSWER, PriceRows, read_row
from prices.formats.instants import Asked
from prices.management.wiring import usable_tape

# Rows that one statement answers: some 0.1 s of the database.
ROWS = 1_000

ADDED = (*ANSWER, "error")


def zone(text: str) -> ZoneInfo:
    """An argparse type."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ArgumentTypeError(f"{text!r} is no time zone such as Europe/Berlin.") from None


class Command(BaseCommand):
    help = (
        "Add the price of each row's symbol at its time to a CSV file. All columns and "
        "the order are kept; the result goes to stdout. Exits with 1 when a row had an error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE.csv", help="(default: stdin)"
        )
        parser.add_argument(
            "--symbol-column", default="symbol", help="column of the symbols (default: symbol)"
        )
        parser.add_argument(
            "--time-column", default="timestamp", help="column of the times (default: timestamp)"
        )
        parser.add_argument(
            "--time-zone",
            type=zone,
            default="UTC",
            help="time zone of times that name none (default: UTC)",
        )

    def handle(
        self,
        *args: Any,
        file: Path | None,
        symbol_column: str,
        time_column: str,
        time_zone: ZoneInfo,
        **options: Any,
    ) -> None:
        failed = False
        with usable_tape(), opened(file) as lines:
            rows = csv.reader(lines, strict=True)
            writer = csv.writer(self.stdout, lineterminator="\n")
            try:
                header = next(rows, [])
                places = [place(header, name) for name in (symbol_column, time_column)]
                for name in set(ADDED) & set(header):
                    raise CommandError(f"The file has a column {name} already: rename it first.")
                writer.writerow([*header, *ADDED])
                while part := list(itertools.islice(filter(None, rows), ROWS)):
                    for given, answer in zip(part, answers(part, places, time_zone), strict=True):
                        failed |= answer["error"] is not None
                        # A shorter row is filled up, so that the answers stand in their columns.
                        filler = [""] * (len(header) - len(given))
                        writer.writerow([*given, *filler, *map(cell, map(answer.get, ADDED))])
            except (csv.Error, UnicodeDecodeError) as error:
                where = f"line {rows.line_num + 1}"
                raise CommandError(
                    f"The file is not valid CSV in UTF-8, {where}: {error}"
                ) from None
        if failed:
            sys.exit(1)


@contextmanager
def opened(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        # As bytes, so that the environment's encoding and line ends do not matter.
        with open(sys.stdin.fileno(), encoding="utf-8-sig", newline="", closefd=False) as lines:
            yield lines
        return
    try:
        lines = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CommandError(f"The file cannot be read: {error}") from None
    with lines:
        yield lines


def place(header: Sequence[str], name: str) -> int:
    if header.count(name) != 1:
        columns = ", ".join(header) or "none"
        raise CommandError(f"There must be one column {name}. The file has: {columns}.")
    return header.index(name)


def answers(
    part: Sequence[list[str]], places: Sequence[int], time_zone: ZoneInfo
) -> list[dict[str, Any]]:
    symbol, time = places
    rows = []
    for given in part:
        if len(given) <= max(places):
            rows.append(read_row(None))
            continue
        row = read_row({"symbol": given[symbol], "timestamp": given[time]})
        rows.append(row._replace(asked=zoned(row.asked, time_zone)) if row.asked else row)
    return PriceRows().answer_rows(rows)


def zoned(asked: Asked, time_zone: ZoneInfo) -> Asked:
    """A time that names no zone, as of this one; the answer is then written with Z."""
    if not asked.naive or time_zone.key == "UTC":
        return asked
    return replace(asked, instant=asked.instant.replace(tzinfo=time_zone), naive=False)


def cell(value: Any) -> str:
    if value is None:
        return ""
    return bytes(value).decode() if not isinstance(value, str | int) else str(value)
