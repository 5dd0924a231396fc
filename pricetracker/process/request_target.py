"""Requests that name the whole URL (`GET http://host/path`), which any HTTP server must accept."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

ABSOLUTE = re.compile(rb"https?://([^/]+)(.*)", re.IGNORECASE | re.DOTALL)


def accept_absolute(application: Application) -> Application:
    """Wrap an ASGI application so that it sees the path of each request alone."""

    async def accepting(scope: Scope, receive: Any, send: Any) -> None:
        await application(in_origin_form(scope), receive, send)

    return accepting


def in_origin_form(scope: Scope) -> Scope:
    """The scope of a request for a path. The host in the URL replaces the Host header."""
    if scope["type"] != "http" or scope["path"].startswith("/"):
        return scope
    found = ABSOLUTE.fullmatch(scope.get("raw_path") or b"")
    if found is None:
        return scope
    host, path = found[1], found[2] or b"/"
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    headers.append((b"host", host))
    return {**scope, "raw_path": path, "path": unquote(path.decode("latin-1")), "headers": headers}
