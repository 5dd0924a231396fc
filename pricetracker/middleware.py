"""Middleware that runs only where it is needed.

Sessions, CSRF protection, logins and messages serve the admin alone; nothing else reads a cookie or
accepts a form. Elsewhere they would take longer than an answer.
"""

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseForbidden, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware

SAFE_METHODS = frozenset({"GET", "HEAD"})


def is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")


class AdminOnly:
    """Mixed into a middleware: other requests pass it by, in either mode of Django's handlers."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if not is_admin(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class AdminSessionMiddleware(AdminOnly, SessionMiddleware):
    pass


class AdminCsrfMiddleware(AdminOnly, CsrfViewMiddleware):
    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseForbidden | None:
        return super().process_view(request, *view) if is_admin(request) else None


class AdminAuthenticationMiddleware(AdminOnly, AuthenticationMiddleware):
    pass


class AdminMessageMiddleware(AdminOnly, MessageMiddleware):
    pass


class HostMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, but for probes, which ask a container or a machine by its address.

    A name is still checked, so that no website can read them through a name of its own.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in settings.PROBE_PATHS and names_address(request):
            return None
        return super().process_request(request)

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Only what a client asks again as it was: most repeat a redirected POST as a GET."""
        return request.method in SAFE_METHODS and super().should_redirect_with_slash(request)


def names_address(request: HttpRequest) -> bool:
    """Whether the Host header holds an IP address, with or without a port."""
    host = request.META.get("HTTP_HOST", "")
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
