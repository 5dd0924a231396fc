"""`python -m benchmarks [--seconds S] [--rounds N]`."""

import argparse

from . import recording


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="per measurement (default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="of each pair (default: 3)")
    options = parser.parse_args()
    recording.run(options.seconds, options.rounds)


if __name__ == "__main__":
    main()
