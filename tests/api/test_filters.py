"""The filters of the lists: each parameter filters, and the schema tells of it."""

from datetime import timedelta

import pytest
from django.test import Client
from rest_framework import serializers

from prices.api.filters import GapFilters, RangeFilters, TickFilters
from prices.api.viewsets import GapViewSet
from prices.models import Gap
from tests.support.tapes import START, open_tape, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def tape() -> None:
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store([tick(1, 0), tick(5, 60), tick(9, 120), tick(10, 180)])
        tape.store([tick(1, 0, symbol="ETHUSDT"), tick(3, 60, symbol="ETHUSDT")])


@pytest.mark.parametrize("shape", [TickFilters, GapFilters])
def test_each_parameter_has_a_lookup(shape: type[RangeFilters]) -> None:
    assert set(shape().fields) == set(shape.lookups)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [1, 1, 3, 5, 9, 10]),
        ({"symbol": "btcusdt"}, [1, 5, 9, 10]),
        ({"symbol": "BTCUSDT", "from": START + timedelta(minutes=1)}, [5, 9, 10]),
        ({"to": START + timedelta(minutes=1)}, [1, 1]),
    ],
)
def test_ticks_by_symbol_and_time(tape, client: Client, query: dict, found: list[int]) -> None:
    query = {name: str(value) for name, value in query.items()}
    rows = client.get("/api/prices/", query).json()["results"]
    assert sorted(row["first_trade"] for row in rows) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [("ETHUSDT", 2), ("BTCUSDT", 6), ("BTCUSDT", 2)]),
        ({"symbol": "BTCUSDT"}, [("BTCUSDT", 6), ("BTCUSDT", 2)]),
        # They overlap the range by one instant, and by none.
        ({"from": "2025-07-03T08:31:00.000001"}, [("BTCUSDT", 6)]),
        ({"to": "2025-07-03T08:31"}, [("ETHUSDT", 2), ("BTCUSDT", 2)]),
        ({"symbol": "BTCUSDT", "status": "open", "to": "2025-07-03T08:31"}, [("BTCUSDT", 2)]),
        ({"status": "void"}, []),
    ],
)
def test_gaps_by_symbol_time_and_status(
    tape, client: Client, query: dict[str, str], found: list[tuple[str, int]]
) -> None:
    rows = client.get("/api/gaps/", query).json()["results"]
    assert [(row["symbol"], row["first_trade"]) for row in rows] == found


def test_a_filter_is_added_in_one_place(tape, client: Client, monkeypatch) -> None:
    """As the module says: a parameter and a lookup, and the list, its errors and its schema
    know.
    """

    class MoreFilters(GapFilters):
        lookups = GapFilters.lookups | {"attempts": "attempts__gte"}
        attempts = serializers.IntegerField(required=False, help_text="At least so many.")

    monkeypatch.setattr(GapViewSet, "query_serializer_class", MoreFilters)
    Gap.objects.filter(first_trade=6).update(attempts=3)
    rows = client.get("/api/gaps/", {"attempts": 2}).json()["results"]
    assert [row["first_trade"] for row in rows] == [6]
    refused = client.get("/api/gaps/", {"attempts": "many"})
    assert (refused.status_code, list(refused.json())) == (400, ["attempts"])
    schema = client.get("/api/schema/", {"format": "json"}).json()
    names = {each["name"] for each in schema["paths"]["/api/gaps/"]["get"]["parameters"]}
    assert {"symbol", "from", "to", "status", "attempts", "limit", "cursor"} <= names


@pytest.mark.parametrize("path", ["/api/prices/", "/api/gaps/", "/api/candles/"])
def test_a_symbol_that_was_never_recorded_is_not_found(tape, client: Client, path: str) -> None:
    answer = client.get(path, {"symbol": "XRPUSDT"})
    assert answer.status_code == 404
    assert "BTCUSDT, ETHUSDT" in answer.json()["detail"]
