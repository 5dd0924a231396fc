"""Settings of the benchmarks: a tape of their own in the home that they are given, whatever the user has set."""

from pricetracker.settings import *
from pricetracker.settings import LOGGING, PRICETRACKER_HOME

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]

# Never DATABASE_URL: what is measured must not come near a real tape.
DATABASES = {
    "default": {
        "ENGINE": "pricetracker.postgres",
        "NAME": "pricetracker",
        "CLUSTER": PRICETRACKER_HOME / "postgres",
        # Of each row PostgreSQL can then say when it was committed.
        "SERVER_OPTIONS": {"track_commit_timestamp": "on"},
    }
}

# Tables are what is read here.
LOGGING["loggers"]["prices"] = {"level": "WARNING"}
