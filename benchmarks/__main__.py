"""`python -m benchmarks [PART …]`: all parts, or those that are named. Tables on the terminal, and
all figures as JSON.
"""

import argparse
import logging
import sys
from pathlib import Path

from . import (
    backfill,
    cost,
    crowded,
    freshness,
    orm,
    outage,
    page,
    published,
    push,
    questions,
    readers,
    recording,
    results,
    serving,
)
from .options import Options

PARTS = {
    "recording": recording.run,
    "freshness": freshness.run,
    "questions": questions.run,
    "orm": orm.run,
    "cost": cost.run,
    "outage": outage.run,
    "push": push.run,
    "readers": readers.run,
    "page": page.run,
    "serving": serving.run,
    "crowded": crowded.run,
    "backfill": backfill.run,
}

MILLION = 1_000_000

logger = logging.getLogger(__name__)


def sizes(text: str) -> tuple[int, ...]:
    """Millions, separated by commas, as ticks. Raises ValueError."""
    found = tuple(sorted({int(word) * MILLION for word in text.split(",")}))
    if found[0] < MILLION:
        raise ValueError
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--seconds",
        type=float,
        default=10,
        help="that a measurement lasts, of those whose length is free (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of each measurement (default: %(default)s)"
    )
    parser.add_argument(
        "--millions",
        type=sizes,
        default="1,10,100",
        help=(
            "of ticks on the tapes that are asked (default: %(default)s; 100 take some "
            "20 GB and half an hour)"
        ),
    )
    parser.add_argument(
        "--json",
        type=Path,
        help=(
            f"the file whose figures of the parts that ran are replaced (default: "
            f"{results.LAST}, with --publish {results.KEPT})"
        ),
    )
    parser.add_argument(
        "--publish", action="store_true", help="write the table in docs/performance.md, too"
    )
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"{part!r} is no part: there are {', '.join(PARTS)}")
    if options.seconds <= 0 or options.rounds < 1:
        parser.error("--seconds and --rounds must be more than 0.")
    file = options.json or (results.KEPT if options.publish else results.LAST)
    chosen = Options(options.seconds, options.rounds, options.millions)
    failed = [part for part in options.parts or PARTS if not ran(part, chosen, file)]
    if options.publish:
        published.write(results.read(file))
    if failed:
        sys.exit(f"Without figures: {', '.join(failed)}.")


def ran(part: str, options: Options, file: Path) -> bool:
    """Whether a part has figures, which are kept. One that fails, as without a Chromium, does not
    keep the others from running.
    """
    try:
        tables = PARTS[part](options)
    except Exception:
        logger.exception("%s has failed.", part)
        return False
    if tables:
        results.keep(file, part, tables, options)
    return bool(tables)


if __name__ == "__main__":
    main()
