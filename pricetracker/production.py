"""Settings behind a TLS proxy: cookies and redirects that plain HTTP on loopback could not use."""

from .settings import *

PRODUCTION = True

# The proxy must set this header itself and drop the one a client sends.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# One year, in seconds: the least that browsers' preload lists accept.
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
