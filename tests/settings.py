"""Settings of the tests: the project's own, in a throw-away home. What the user has set is not
used.

TEST_DATABASE_URL, a PostgreSQL URL, lets them use a server of another version, on which they create
and drop databases. Its name is not DATABASE_URL, which may lead to a tape that is somebody's own.
"""

import os
import tempfile

USERS_OWN = ["DATABASE_URL", "TRACKED_SYMBOLS", "BINANCE_WS_URL", "BINANCE_REST_URL"]
USERS_OWN += ["BINANCE_EXCHANGE", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS"]

# What a machine sets and a user has not: PYTHONUNBUFFERED alone has hidden that an address was
# never written.
MACHINES_OWN = [name for name in os.environ if name.startswith(("PYTHON", "PIP_"))]

for name in [*USERS_OWN, *MACHINES_OWN]:
    os.environ.pop(name, None)
if other_server := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = other_server
# In the environment, so that the commands which tests start as processes share it.
os.environ["PRICETRACKER_HOME"] = tempfile.mkdtemp(prefix="pricetracker-tests-")

from pricetracker.settings import *
from pricetracker.settings import DATABASES

if not other_server:
    # What a power cut would cost is thrown away anyhow.
    DATABASES["default"]["SERVER_OPTIONS"]["fsync"] = "off"
