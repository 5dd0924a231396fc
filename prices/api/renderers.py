"""JSON in which a decimal stays exact, and rows as CSV or JSON Lines, as exact."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

import msgspec
from csp.constants import UNSAFE_INLINE
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer

# Spaces per level in the browsable API.
INDENT = 4


def plain_text(value: Any) -> str:
    """The text of Django's own types of text, of which errors are made.

    Raises TypeError for anything else: a view has forgotten to shape it.
    """
    if isinstance(value, str | Promise):
        return str(value)
    raise TypeError(f"A response cannot contain a {type(value).__name__}.")


ENCODER = msgspec.json.Encoder(enc_hook=plain_text)


class ExactJSONRenderer(BaseRenderer):
    """JSON by msgspec, which writes the digits of a number as given (`msgspec.Raw`).

    Python's json would want a float.
    """

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        encoded = ENCODER.encode(data)
        if "indent=" in (media_type or ""):
            return msgspec.json.format(encoded, indent=INDENT)
        return encoded


class PageRenderer(BrowsableAPIRenderer):
    """The browsable API, under a Content-Security-Policy."""

    def get_context(self, *args: Any, **options: Any) -> dict[str, Any]:
        # Colours for code samples, which no page here has, would need a style element.
        return super().get_context(*args, **options) | {"code_style": ""}

    def render(
        self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> str:
        # The framework's template positions its menus by style attributes. These may move and hide
        # what is on the page; style elements, files and scripts are still only our own.
        if context is not None:
            context["response"]._csp_update = {"style-src-attr": [UNSAFE_INLINE]}
        return super().render(data, media_type, context)


class EventStreamRenderer(ExactJSONRenderer):
    """For clients that accept only an event stream. Errors are sent in JSON all the same."""

    media_type = "text/event-stream"
    format = "events"


class RowsRenderer(ExactJSONRenderer):
    """All rows of a list in one response, which `row_streams` sends. Errors are in JSON.

    A subclass has `rows`, which writes some as text, each on a line of its own.
    """

    rows: Callable[[Iterable[dict[str, Any]]], str]

    def row_header(self, names: Sequence[str]) -> str:
        """What comes before the rows."""
        return ""

    def render(
        self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Of rows that are all there."""
        names = list(data[0]) if data else []
        return (self.row_header(names) + self.rows(data)).encode()


class JSONLinesRenderer(RowsRenderer):
    media_type = "application/x-ndjson"
    format = "jsonl"

    def rows(self, rows: Iterable[dict[str, Any]]) -> str:
        return ENCODER.encode_lines(rows).decode()


class CSVRenderer(RowsRenderer):
    """As Python's `csv` writes it: RFC 4180, but lines end as in Unix."""

    media_type = "text/csv"
    format = "csv"

    def row_header(self, names: Sequence[str]) -> str:
        return in_csv([names])

    def rows(self, rows: Iterable[dict[str, Any]]) -> str:
        return in_csv(map(cell, row.values()) for row in rows)


def in_csv(rows: Iterable[Iterable[Any]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def cell(value: Any) -> str | int:
    """What JSON writes as null is empty."""
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return ENCODER.encode(value).decode()
    return "" if value is None else value
