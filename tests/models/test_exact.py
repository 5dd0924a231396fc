"""Decimals as text: every digit, and nothing but digits."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.formats.decimals import decimal_text


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_is_read_back_as_itself(number) -> None:
    text = decimal_text(number)
    assert Decimal(text) == number
    assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("61928.31000000", "61928.31"),
        ("0.00000010", "0.0000001"),
        ("1E-8", "0.00000001"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("100.00000000", "100"),
        ("0.00000000", "0"),
        ("9999999999.99999999", "9999999999.99999999"),
    ],
)
def test_prices(number, text) -> None:
    assert decimal_text(Decimal(number)) == text
