"""The one settings file.

Everything that a user may set is an environment variable, listed in docs/reference.md.
"""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from . import __version__, env, secret_key
from .markets import MARKETS
from .private_database import private_database

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What a user may set ------------------------------------------------------------------------

# Everything that the tracker writes: database files, generated secret key.
PRICETRACKER_HOME = (
    Path(os.environ.get("PRICETRACKER_HOME") or BASE_DIR / "var").expanduser().resolve()
)

TRACKED_SYMBOLS = env.symbols("TRACKED_SYMBOLS", "BTCUSDT,ETHUSDT")
BINANCE_EXCHANGE = env.market("BINANCE_EXCHANGE", "binance")
BINANCE_WS_URL = env.url_of_market(
    "BINANCE_WS_URL", MARKETS[BINANCE_EXCHANGE].ws_url, "wss", "ws", market=BINANCE_EXCHANGE
)
BINANCE_REST_URL = env.url_of_market(
    "BINANCE_REST_URL", MARKETS[BINANCE_EXCHANGE].rest_url, "https", "http", market=BINANCE_EXCHANGE
)
# HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
# Of one client, by its address; 0 for no limit.
LIST_REQUESTS_PER_MINUTE = env.count("LIST_REQUESTS_PER_MINUTE", 6_000)
SECRET_KEY = secret_key.from_env("SECRET_KEY", kept_in=PRICETRACKER_HOME / "secret_key")

# Without a URL: a PostgreSQL of our own, started on first use (pricetracker.postgres).
DATABASES = {
    "default": env.database("DATABASE_URL") or private_database(PRICETRACKER_HOME / "postgres")
}

# Server-side parameters, so that PostgreSQL plans a statement once per session: planning takes
# longer than executing it.
PLANNED_ONCE = {"server_side_binding": True, "prepare_threshold": 5}
DATABASES["default"].setdefault("OPTIONS", {}).update(PLANNED_ONCE)

# --- What follows from it -----------------------------------------------------------------------

# True in pricetracker.demo only: the prices are a replayed recording, and say so wherever they are
# shown.
DEMO = False

# True in pricetracker.production only.
PRODUCTION = False

ROOT_URLCONF = "pricetracker.urls"
WSGI_APPLICATION = "pricetracker.wsgi.application"
ASGI_APPLICATION = "pricetracker.asgi.application"

INSTALLED_APPS = [
    "prices",
    "pricetracker",
    "replay",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

# The headers of every response come first, static files and redirects included.
MIDDLEWARE = [
    "pricetracker.csp.PolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pricetracker.middleware.HostMiddleware",
    "pricetracker.middleware.AdminSessionMiddleware",
    "pricetracker.middleware.AdminCsrfMiddleware",
    "pricetracker.middleware.AdminAuthenticationMiddleware",
    "pricetracker.middleware.AdminMessageMiddleware",
]

# It looks for Django's CSRF middleware by name; ours is that one, for the admin.
SILENCED_SYSTEM_CHECKS = ["security.W003"]

# What is answered by a few rows or none, whatever is asked. All other paths have threads of
# their own.
QUICK_PATHS = frozenset(
    {
        "/latest",
        "/price-at-second",
        "/minmax",
        "/api/prices/latest/",
        "/api/prices/price-at-second/",
        "/api/prices/minmax/",
        "/api/events/",
        "/api/v3/ping",
        "/api/v3/time",
        "/api/v3/ticker/price",
        "/api/v3/avgPrice",
        "/page.js",
        "/page.css",
    }
)

# What orchestrators and Prometheus ask, by address as well as by name.
PROBE_PATHS = frozenset({"/health", "/metrics"})

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Pages load our own files only, and cannot be framed. Two routes need more, and say why:
# prices.api.renderers and prices.api.urls.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Static files are served from their folders, DEBUG or not: no collectstatic is needed.
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# Times are stored, computed and shown in UTC, as the exchange gives them.
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

REST_FRAMEWORK = {
    # The API is read-only and public: it looks up no login.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": [
        "prices.api.renderers.ExactJSONRenderer",
        "prices.api.renderers.PageRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_FILTER_BACKENDS": ["prices.api.filters.RowFilter"],
    "DEFAULT_PAGINATION_CLASS": "prices.api.pagination.KeysetPagination",
    # Whoever may reach the site may ask as often as it can answer; live push has its own limit.
    "DEFAULT_THROTTLE_CLASSES": [],
    "EXCEPTION_HANDLER": "prices.api.errors.handle",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "prices.api.known_parameters.KnownFormats",
    "DEFAULT_SCHEMA_CLASS": "prices.api.schema.TapeSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Price Tracker",
    "DESCRIPTION": "Recorded prices of Binance Spot, and whether the tape is complete.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    # Swagger UI from our own static files, not from a CDN.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "prices": {"level": "INFO"},
        "pricetracker": {"level": "INFO"},
        "replay": {"level": "INFO"},
        # Its warnings are of requests that are no HTTP: any client could fill the terminal.
        "uvicorn.error": {"level": "ERROR"},
        "uvicorn.access": {"level": "WARNING"},
        # Any client could fill the terminal: with a line for each 4xx, a traceback for each wrong
        # Host header. Our own errors, 5xx, are logged with a traceback.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        # It repeats what its exceptions say. Only the pool's warnings say why there is no
        # connection.
        "psycopg": {"level": "ERROR"},
        "psycopg.pool": {"level": "WARNING"},
    },
}
