"""The three questions as methods of the query set: what they return, and at which cost."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from prices.coverage import Verdict
from prices.models import Candle, Price, Symbol
from tests.support.tapes import START, open_tape, tick

pytestmark = pytest.mark.django_db

NEXT = START + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def tape() -> None:
    with open_tape("BTCUSDT", "ETHUSDT", "XRPUSDT") as tape:
        tape.store([tick(1, -90, "1"), tick(2, 10, "2", quantity="7"), tick(3, 70, "3")])
        tape.store([tick(1, 0, "5", symbol="ETHUSDT")])


def test_latest_has_a_row_per_symbol_that_has_ticks() -> None:
    found = Price.objects.latest()
    assert [(price.symbol.name, price.price) for price, _ in found] == [
        ("BTCUSDT", 3),
        ("ETHUSDT", 5),
    ]
    assert {coverage.verdict for _, coverage in found} == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        (["ETHUSDT"], ["ETHUSDT"]),
        (["XRPUSDT"], []),
        (["NEVER"], []),
        (["ETHUSDT", "BTCUSDT", "NEVER"], ["BTCUSDT", "ETHUSDT"]),
    ],
)
def test_latest_of_some_symbols(names: list[str], found: list[str]) -> None:
    answers = Price.objects.latest(symbols=names)
    assert [price.symbol.name for price, _ in answers] == found


def test_names_of_fields_are_refused_by_latest() -> None:
    """Django's own `latest` takes them: whoever means that one must not get something else."""
    with pytest.raises(TypeError):
        Price.objects.latest("timestamp")


def test_an_answer_loads_the_rest_of_its_row_on_demand(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        price, coverage = Price.objects.as_of("BTCUSDT", START + timedelta(seconds=30))
        assert price is not None
        assert (price.price, price.symbol.name, price.last_trade) == (2, "BTCUSDT", 2)
        assert coverage.verdict is Verdict.COMPLETE
    assert price == Price.objects.get(pk=price.pk)
    with django_assert_num_queries(1):
        assert price.quantity == 7


def test_a_minute_is_the_candle_of_the_table(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        candle, coverage = Price.objects.minute("BTCUSDT", START)
        assert candle is not None
        assert (candle.high, candle.volume) == (2, Decimal(7))
        assert coverage.verdict is Verdict.COMPLETE
    stored = Candle.objects.get(pk=candle.pk)
    names = [field.attname for field in Candle._meta.concrete_fields]
    assert [getattr(candle, name) for name in names] == [getattr(stored, name) for name in names]


@pytest.mark.parametrize(
    "ask",
    [
        lambda symbol: Price.objects.as_of(symbol, START),
        lambda symbol: Price.objects.minute(symbol, NEXT),
    ],
)
def test_a_symbol_without_ticks_is_known(
    ask: Callable[[str], tuple],
) -> None:
    found, coverage = ask("XRPUSDT")
    assert (found, coverage.verdict) == (None, Verdict.UNKNOWN)
    with pytest.raises(Symbol.DoesNotExist):
        ask("NEVER")
