"""Arguments of several commands.

Imports no model: children of `start` load this before Django is set up.
"""

from argparse import ArgumentTypeError

from pricetracker import symbols


def symbol(text: str) -> str:
    try:
        return symbols.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None
