"""Serializers that all requests share."""

from functools import cache
from typing import Any

from rest_framework.serializers import Serializer


@cache
def shared(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """The instance of a serializer that all requests share.

    It holds nothing of a request, and to set one up takes longer than to use it.
    """
    return serializer()
