"""Settings of the demo: a separate tape, marked as a demo wherever its prices are shown."""

from .private_database import private_database
from .settings import *
from .settings import DATABASES, PLANNED_ONCE, PRICETRACKER_HOME

DEMO = True

# Whatever the environment says: the recordings belong to no market that is traded now.
BINANCE_EXCHANGE = "demo"

# Never DATABASE_URL: replayed ticks must not come near a real tape.
DATABASES["default"] = {**private_database(PRICETRACKER_HOME / "demo"), "OPTIONS": PLANNED_ONCE}
