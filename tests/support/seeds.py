"""What a test run draws at random: from one seed, which the header of the run shows.

In CI it is fixed, so that a commit passes or fails for what is in it; elsewhere it is drawn. The
variable TEST_SEED sets it: a number to repeat a run, "random" for another one, also in CI.
"""

import os
import random

from hypothesis import HealthCheck, settings

VARIABLE = "TEST_SEED"
RANDOM = "random"

# Any number would do.
FIXED = 11

# Larger than any number of runs.
SEEDS = 1 << 32


def choose_seed() -> int:
    """The seed of this run, also for its other processes, which inherit the variable."""
    wanted = os.environ.get(VARIABLE) or (str(FIXED) if os.environ.get("CI") else RANDOM)
    if wanted == RANDOM:
        wanted = str(random.SystemRandom().randrange(SEEDS))
    os.environ[VARIABLE] = wanted
    return int(wanted)


def load_profile(seed: int) -> None:
    """What all properties share, before a test module is imported."""
    for name, derandomize in {"fixed": True, "drawn": False}.items():
        settings.register_profile(
            name,
            derandomize=derandomize,
            # Its examples would be other ones on each machine.
            database=None,
            # How long an example takes depends on what else the machine does.
            deadline=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                # The fixtures are tapes that each example empties, and sites that keep nothing.
                HealthCheck.function_scoped_fixture,
            ],
            print_blob=True,
        )
    settings.load_profile("fixed" if seed == FIXED else "drawn")
