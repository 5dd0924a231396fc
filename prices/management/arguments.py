"""Arguments of several commands.

Imports no model: children of `start` load this before Django is set up.
"""

from argparse import ArgumentParser, ArgumentTypeError

from pricetracker import symbols


def symbol(text: str) -> str:
    """An argparse type: a symbol in upper case."""
    try:
        return symbols.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


def add_symbols(parser: ArgumentParser, help: str) -> None:
    """The positional arguments of a command for some symbols: `symbols`, a list; may be empty."""
    parser.add_argument("symbols", nargs="*", type=symbol, metavar="SYMBOL", help=help)
