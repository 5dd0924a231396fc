"""Settings behind a TLS proxy: cookies and redirects that plain HTTP on loopback could not use."""

from . import env
from .settings import *
from .settings import SILENCED_SYSTEM_CHECKS

PRODUCTION = True

# The proxy must set this header itself and drop the one a client sends.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# A probe asks the site itself, past the proxy, and follows no redirect to a name.
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]

# One year, in seconds: the least that browsers' preload lists accept. It binds this host alone:
# other hosts of the domain may have no TLS, and a preloaded name takes months to come off the list.
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", default=False)

# Those ask for both.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "security.W005", "security.W021"]
