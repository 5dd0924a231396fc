"""Whether the site can answer."""

import logging

from django.db import OperationalError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pricetracker import reasons

from ..models import Symbol
from . import serializers

logger = logging.getLogger(__name__)


class HealthView(APIView):
    """Whether the site can answer queries, and which symbols are being recorded now."""

    @extend_schema(responses={200: serializers.Health, 503: serializers.Health})
    def get(self, request: Request) -> Response:
        try:
            feeds = list(Symbol.objects.with_feed())
        except OperationalError as error:
            # Requested every few seconds, it must not log a traceback each time.
            logger.error("Database unavailable: %s", reasons.first(error))  # noqa: TRY400
            return Response({"status": "database unreachable", "feeds": []}, status=503)
        return Response(serializers.Health({"status": "ok", "feeds": feeds}).data)
