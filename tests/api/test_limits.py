"""What a client may ask for: not too much at a time, and not too often."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from prices.api import errors, throttling
from prices.api.throttling import CLIENTS, Buckets
from prices.models import Symbol


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> Buckets:
    return Buckets(clock)


class TestBuckets:
    def test_a_minutes_worth_may_come_at_once(self, buckets: Buckets) -> None:
        assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 20]

    def test_it_fills_steadily(self, buckets: Buckets, clock: Clock) -> None:
        for _ in range(3):
            buckets.take("a", 3)
        clock.now += 19
        assert buckets.take("a", 3) == pytest.approx(1)
        clock.now += 1.01
        assert buckets.take("a", 3) == 0

    def test_it_never_holds_more_than_a_minutes_worth(self, buckets, clock) -> None:
        buckets.take("a", 3)
        clock.now += 3600
        assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 20]

    def test_each_client_has_its_own(self, buckets: Buckets) -> None:
        assert [buckets.take(client, 1) for client in "abab"] == [0, 0, 60, 60]

    def test_the_memory_is_bounded(self, buckets: Buckets) -> None:
        for number in range(CLIENTS + 10):
            buckets.take(str(number), 1)
        assert len(buckets._left) == CLIENTS
        assert buckets.take(str(CLIENTS + 9), 1) == 60


@pytest.mark.django_db
class TestRequests:
    @pytest.fixture(autouse=True)
    def _buckets(self, settings, monkeypatch, buckets: Buckets) -> None:
        settings.LIST_REQUESTS_PER_MINUTE = 2
        monkeypatch.setattr(throttling, "BUCKETS", buckets)
        Symbol.objects.create(name="BTCUSDT")

    @pytest.mark.parametrize("path", ["/api/prices/", "/api/candles/?symbol=BTCUSDT", "/api/gaps/"])
    def test_too_many_lists_are_told_when_to_come_again(self, client: Client, path: str) -> None:
        assert [client.get(path).status_code for _ in range(2)] == [200, 200]
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (429, "30")
        assert "detail" in response.json()

    @pytest.mark.parametrize("path", ["/latest", "/health", "/metrics", "/api/prices/latest/"])
    def test_what_is_cheap_is_never_refused(self, client: Client, path: str) -> None:
        assert {client.get(path).status_code for _ in range(5)} == {200}

    def test_it_can_be_switched_off(self, client: Client, settings) -> None:
        settings.LIST_REQUESTS_PER_MINUTE = 0
        assert {client.get("/api/prices/").status_code for _ in range(5)} == {200}


class TestDatabase:
    @pytest.mark.parametrize(
        ("cause", "detail"),
        [
            (psycopg.errors.QueryCanceled(), "takes too long"),
            (psycopg.errors.LockNotAvailable(), "locked"),
            (psycopg.OperationalError("gone"), "database is unavailable"),
        ],
    )
    def test_what_it_says_is_told_apart(self, cause: psycopg.Error, detail: str) -> None:
        error = OperationalError("why")
        error.__cause__ = cause
        response = errors.handle(error, {"request": SimpleNamespace()})
        assert response is not None
        assert response.status_code == 503
        assert detail in response.data["detail"]

    @pytest.mark.parametrize(
        ("cause", "status"),
        [
            (psycopg.errors.LockNotAvailable(), "database busy"),
            (psycopg.errors.QueryCanceled(), "database busy"),
            (psycopg.OperationalError("gone"), "database unreachable"),
        ],
    )
    def test_health_tells_them_apart_too(self, client: Client, monkeypatch, cause, status) -> None:
        def fail(*args: object) -> None:
            raise OperationalError("why") from cause

        monkeypatch.setattr("prices.models.Symbol.objects.with_feed", fail)
        response = client.get("/health")
        assert (response.status_code, response.json()["status"]) == (503, status)
