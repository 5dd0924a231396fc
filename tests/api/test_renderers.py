"""JSON that is written exactly, or not at all."""

import json

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail

from prices.api.renderers import ExactJSONRenderer


def written(value: object) -> object:
    return json.loads(ExactJSONRenderer().render({"detail": value}))["detail"]


@pytest.mark.parametrize("text", [ErrorDetail("Not found."), gettext_lazy("Not found.")])
def test_text_of_the_framework_is_text(text: object) -> None:
    assert written(text) == "Not found."


@pytest.mark.parametrize("value", [object(), ValueError("why"), {1: object()}, [len]])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="A response cannot contain a"):
        written(value)
