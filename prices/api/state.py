"""The state of the tape, a row a symbol."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from ..models import Symbol
from . import query_params, serializers
from .base import NeverRecorded, TapeViewSet


class SymbolViewSet(TapeViewSet):
    """The recorded symbols, and the state of their tapes."""

    queryset = Symbol.objects.all()
    serializer_class = serializers.SymbolAnswer
    pagination_class = None

    @extend_schema(parameters=[query_params.SymbolsQuestion], filters=False)
    def list(self, request: Any) -> Response:
        symbol = self.asked(query_params.SymbolsQuestion).get("symbol")
        found = Symbol.objects.with_state([symbol] if symbol else None)
        if symbol and not found:
            raise NeverRecorded(symbol)
        return Response(serializers.SymbolAnswer(found, many=True).data)
