"""Decimals as text, digit by digit: no trailing zeros, no exponent, never through a float."""

from decimal import Decimal


def decimal_text(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
