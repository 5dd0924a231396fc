"""The Content-Security-Policy of a response, read."""

from django.http import HttpResponse

HEADER = "Content-Security-Policy"

# That of a page with nothing special: nothing but our own files.
PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

# That of a response which is no page.
NO_PAGE = {"default-src": "'none'", "frame-ancestors": "'none'"}


def policy(response: HttpResponse) -> dict[str, str]:
    return read(response[HEADER])


def read(header: str) -> dict[str, str]:
    """The sources by directive. In no particular order: django-csp has none."""
    directives = [directive.strip().partition(" ") for directive in header.split(";")]
    assert len({name for name, _, _ in directives}) == len(directives)
    return {name: sources for name, _, sources in directives}
