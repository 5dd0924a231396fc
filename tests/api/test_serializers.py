"""The shapes of the responses, and what the schema says about them."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.serializers import Serializer

from prices.api.answers import Answer, LatestAnswer, MinuteAnswer, PriceAtAnswer
from prices.api.query_params import InstantQuery, LatestQuery
from prices.api.renderers import ExactJSONRenderer
from prices.api.shared import shared
from prices.coverage import Coverage, Verdict
from prices.models import Candle, Price, Symbol
from tests.support.tapes import START

PRICE = Price(symbol=Symbol(name="BTCUSDT"), timestamp=START, price=Decimal("1.50"))
CANDLE = Candle(high=Decimal("2.50"), low=Decimal("1.50"))
INSTANT = {"symbol": "btcusdt", "timestamp": "2025-07-03T08:30:36"}


@pytest.mark.parametrize(
    ("shape", "query", "asked", "found"),
    [
        (LatestAnswer, LatestQuery, {}, PRICE),
        (PriceAtAnswer, InstantQuery, INSTANT, PRICE),
        (PriceAtAnswer, InstantQuery, INSTANT, None),
        (MinuteAnswer, InstantQuery, INSTANT, CANDLE),
        (MinuteAnswer, InstantQuery, INSTANT, None),
    ],
)
@pytest.mark.parametrize("include", ["", "coverage"])
def test_an_answer_has_the_declared_keys_in_order(
    shape: type[Serializer],
    query: type[Serializer],
    asked: dict[str, str],
    found: Any,
    include: str,
) -> None:
    read = shared(query).run_validation(asked | {"include": include})
    body = shared(shape).to_representation(Answer(read, found, Coverage(Verdict.UNKNOWN)))
    declared = [name for name in shape().fields if include or name != "coverage"]
    assert list(body) == declared


@pytest.mark.parametrize("text", [gettext_lazy("lazy"), ErrorDetail("lazy", code="why")])
def test_texts_of_the_frameworks_are_text(text: object) -> None:
    assert ExactJSONRenderer().render({"detail": text}) == b'{"detail":"lazy"}'


@pytest.mark.parametrize("forgotten", [object(), PRICE, {"row": CANDLE}])
def test_what_nobody_has_shaped_is_an_error_and_not_its_repr(forgotten: object) -> None:
    with pytest.raises(TypeError):
        ExactJSONRenderer().render(forgotten)


@pytest.mark.django_db
def test_the_schema_is_the_same_at_both_places_of_a_question(client: Client) -> None:
    paths = client.get("/api/schema/", {"format": "json"}).json()["paths"]
    for name in ("latest", "price-at-second", "minmax"):
        root, tree = paths[f"/{name}"]["get"], paths[f"/api/prices/{name}/"]["get"]
        del root["operationId"], tree["operationId"], root["tags"], tree["tags"]
        assert root == tree
        assert {"limit", "cursor"}.isdisjoint(each["name"] for each in root["parameters"])


@pytest.mark.django_db
def test_the_browsable_api_says_the_same_at_both_places(client: Client) -> None:
    html = {"accept": "text/html"}
    for name in ("latest", "price-at-second", "minmax"):
        pages = [client.get(path, headers=html) for path in (f"/{name}", f"/api/prices/{name}/")]
        titles = [page.content.decode().partition("<h1>")[2].partition("<")[0] for page in pages]
        assert titles[0] == titles[1] != ""
