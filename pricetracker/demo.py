"""Settings of the demo: a separate tape, marked as a demo wherever its prices are shown.

All else is as in the settings that `start --demo` was given: in production, production's.
"""

import os
from importlib import import_module

from .private_database import private_database
from .settings import PLANNED_ONCE, PRICETRACKER_HOME

# `start` passes on their name.
_base = import_module(os.environ.get("DEMO_SETTINGS_BASE") or "pricetracker.settings")
globals().update({name: getattr(_base, name) for name in dir(_base) if name.isupper()})

DEMO = True

# Whatever the environment says: the recordings belong to no market that is traded now.
BINANCE_EXCHANGE = "demo"

# Never DATABASE_URL: replayed ticks must not come near a real tape.
DATABASES = {
    "default": {**private_database(PRICETRACKER_HOME / "demo"), "OPTIONS": dict(PLANNED_ONCE)}
}
