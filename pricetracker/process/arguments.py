"""Arguments of commands that serve something."""

from argparse import ArgumentTypeError

# What 16 bits hold.
HIGHEST_PORT = 65_535


def port(text: str) -> int:
    """A number of a port; 0 lets the system choose one. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and int(text) <= HIGHEST_PORT):
        raise ArgumentTypeError(
            f"{text!r} is not a port: it must be a number from 0 to {HIGHEST_PORT}."
        )
    return int(text)
