"""The site, and beside it two views that do nothing: what Django takes by itself, and with REST
framework.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


class Nothing(APIView):
    def get(self, request: Any) -> Response:
        return Response({})


urlpatterns = [
    path("nothing", nothing),
    path("nothing-of-rest-framework", Nothing.as_view()),
    path("", include("pricetracker.urls")),
]
