"""`python -m benchmarks [recording] [outage] [push] [readers] [page] …`: all parts, or those that are named."""

import argparse

from . import outage, page, push, readers, recording

PARTS = {
    "recording": recording.run,
    "outage": outage.run,
    "push": push.run,
    "readers": readers.run,
    "page": page.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--seconds",
        type=float,
        default=10,
        help="per measurement of recording and of readers (default: 10)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of each pair of measurements (default: 3)"
    )
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"{part!r} is no part: there are {', '.join(PARTS)}")
    for part in options.parts or PARTS:
        PARTS[part](options.seconds, options.rounds)


if __name__ == "__main__":
    main()
