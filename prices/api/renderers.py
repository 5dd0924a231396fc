"""JSON in which a decimal stays exact."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

# How the browsable API shows an answer.
INDENT = 4


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
        encoded = msgspec.json.encode(data)
        if "indent=" in (media_type or ""):
            return msgspec.json.format(encoded, indent=INDENT)
        return encoded
