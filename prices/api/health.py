"""Whether the site can answer."""

from django.db import OperationalError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..models import Symbol
from . import serializers
from .errors import DatabaseAway, of_database
from .known_parameters import KnownParameters


class HealthView(KnownParameters, APIView):
    """Whether the site can answer queries, and which symbols are being recorded now."""

    @extend_schema(responses={200: serializers.Health, 503: serializers.Health})
    def get(self, request: Request) -> Response:
        try:
            feeds = list(Symbol.objects.with_feed())
        except OperationalError as error:
            away = isinstance(of_database(error), DatabaseAway)
            status = "database unreachable" if away else "database busy"
            return Response({"status": status, "feeds": []}, status=503)
        return Response(serializers.Health({"status": "ok", "feeds": feeds}).data)
