"""Tests that draw, for tests of the seed. Collected only when they are named."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=3)
@given(st.integers())
def test_property(number: int) -> None:
    print("drawn:", number)  # noqa: T201 - read by test_seeds.py


def test_fixtures(seed: int, draw: random.Random) -> None:
    print("drawn:", seed, draw.random())  # noqa: T201 - read by test_seeds.py
