"""How the schema describes a view."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class TapeSchema(AutoSchema):
    """Query parameters are described by the serializer that reads them."""

    def get_override_parameters(self) -> list[Any]:
        query = getattr(self.view, "query_serializer_class", None)
        return [query] if query else []
