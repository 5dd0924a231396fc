"""What all views on the tape share."""

from functools import cache
from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from ..models import Symbol
from . import query_params

# On every response of a demo.
DEMO_HEADER = "X-Demo"
DEMO_WORDS = "a replayed recording, not today's prices"


@cache
def ready(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """The one of its kind that all requests share: it keeps nothing, and to set one up takes longer than to use it."""
    return serializer()


class NeverRecorded(NotFound):
    """A 404 that names the symbols that are recorded."""

    def __init__(self, symbol: str) -> None:
        names = ", ".join(Symbol.objects.names()) or "none yet"
        super().__init__(f"{symbol} has no recorded price. Recorded symbols: {names}.")


class TapeViewSet(GenericViewSet[Any]):
    """A declared question, and an answer that no cache may keep."""

    question: type[Serializer[Any]]

    def asked(self, question: type[Serializer[Any]]) -> dict[str, Any]:
        query = query_params.parameters(self.request.query_params)
        asked: dict[str, Any] = ready(question).run_validation(query)
        return asked

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        if settings.DEMO:
            response[DEMO_HEADER] = DEMO_WORDS
        return response
