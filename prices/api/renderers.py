"""JSON in which a decimal stays exact."""

from collections.abc import Mapping
from typing import Any

import msgspec
from csp.constants import UNSAFE_INLINE
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer

# How the browsable API shows an answer.
INDENT = 4


def plain_text(value: Any) -> str:
    """What msgspec does not know: the framework's own kinds of text, of which errors are made.

    Raises TypeError for anything else: it has no business in a response.
    """
    if isinstance(value, str | Promise):
        return str(value)
    raise TypeError(f"A response cannot contain a {type(value).__name__}.")


class ExactJSONRenderer(BaseRenderer):
    """Writes JSON by msgspec, which takes a number's own digits (`msgspec.Raw`) where json would want a float."""

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
        # Colours of code samples, which no page here has, would come in a style element.
        return super().get_context(*args, **options) | {"code_style": ""}

    def render(
        self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> str:
        # The framework's template places its menu of actions by style attributes. They can move
        # and hide what is on the page; style elements and files stay ours, and scripts too.
        if context is not None:
            context["response"]._csp_update = {"style-src-attr": [UNSAFE_INLINE]}
        return super().render(data, media_type, context)


class EventStreamRenderer(ExactJSONRenderer):
    """For those who accept nothing but a stream of events: why there is none is still told in JSON."""

    media_type = "text/event-stream"
    format = "events"
