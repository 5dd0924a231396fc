"""Columns of the admin's lists that Django would round: decimals and instants, exactly."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin

from ..formats.decimals import decimal_text
from ..formats.instants import iso

# Of a row: a text, or None, for which Django shows the `empty_value`.
Column = Callable[[Any], Any]


def exact(field: str) -> Column:
    """A decimal with all of its digits."""

    @admin.display(description=field.replace("_", " "), empty_value="-")
    def show(row: Any) -> str | None:
        number = getattr(row, field)
        return None if number is None else decimal_text(number)

    return show


def instant(field: str, label: str) -> Column:
    """An instant in UTC, to the microsecond."""

    @admin.display(description=f"{label} (UTC)", empty_value="-")
    def show(row: Any) -> str | None:
        moment = getattr(row, field)
        return iso(moment) if moment else None

    return show
