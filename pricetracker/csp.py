"""The Content-Security-Policy header of every response."""

from collections.abc import Awaitable
from typing import cast

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# For responses that are no page: if a browser shows one as a page, nothing in it loads or runs.
NOTHING = "default-src 'none'; frame-ancestors 'none'"


class PolicyMiddleware(CSPMiddleware):
    """As django-csp's, with the policy of pages put together for pages alone.

    The API answers thousands of requests a second. There the header is a constant, and no thread
    is changed for it: under ASGI Django's mixin would do so twice.
    """

    def process_request(self, request: HttpRequest) -> None:
        """No page has a script or a style of its own that would need a nonce."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        return self.process_response(request, response)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, NOTHING)
        return response
