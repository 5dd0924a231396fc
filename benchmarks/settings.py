"""Settings of the benchmarks: a tape of their own, in the home or the database that they are given
(`benchmarks.ground`).
"""

import os

from pricetracker.private_database import private_database
from pricetracker.settings import *
from pricetracker.settings import DATABASES, LOGGING, PLANNED_ONCE, PRICETRACKER_HOME

from .ground import PREFIX

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.urls"

if "BENCHMARK_DATABASE" in os.environ:
    DATABASES["default"]["NAME"] = os.environ["BENCHMARK_DATABASE"]
    # What is measured must not come near a real tape.
    if not DATABASES["default"]["NAME"].startswith(PREFIX):
        raise ValueError(f"BENCHMARK_DATABASE must begin with {PREFIX}.")
else:
    DATABASES = {"default": private_database(PRICETRACKER_HOME / "postgres")}
    DATABASES["default"]["OPTIONS"] = PLANNED_ONCE
    # Of each row PostgreSQL can then say when it was committed.
    DATABASES["default"]["SERVER_OPTIONS"]["track_commit_timestamp"] = "on"

# Tables are what is read here.
LOGGING["loggers"]["prices"] = {"level": "WARNING"}
