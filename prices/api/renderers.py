"""JSON in which a decimal stays exact."""

from collections.abc import Mapping
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
        encoded = msgspec.json.encode(data, enc_hook=plain_text)
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
