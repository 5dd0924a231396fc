"""Parameters that a view knows. A client that uses another word is told so.

To ignore a parameter would answer another question than the client has asked.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.serializers import Serializer, ValidationError

from .query_params import SAME, parameters
from .shared import shared

# Every view has it: how the response is written.
FORMAT = "format"

# What other APIs call the same, in lower case. Among those that a view knows, it is the nearest.
ELSEWHERE = {
    "timestamp": ("at", "date", "datetime", "instant", "moment", "second", "time", "ts", "when"),
    "from": ("after", "begin", "from_date", "since", "start", "start_time", "starttime"),
    "to": ("before", "end", "end_time", "endtime", "stop", "till", "to_date", "until"),
    "limit": ("count", "max", "n", "page_size", "per_page", "rows", "size", "top"),
    "cursor": ("next", "offset", "page", "skip"),
    "symbol": ("coin", "instrument", "market", "pair", "product", "ticker"),
    "interval": ("granularity", "period", "resolution", "step", "timeframe"),
    "include": ("expand", "fields", "with"),
    "order": ("ordering", "sort", "direction"),
    "status": ("state",),
}


@cache
def names(*serializers: type[Serializer[Any]]) -> frozenset[str]:
    """The names of all parameters that these serializers read, and `format`."""
    known = {FORMAT}.union(*(shared(each).fields for each in serializers))
    return frozenset(known.union(*({name, SAME[name]} for name in known & set(SAME))))


def check(given: Iterable[str], known: frozenset[str]) -> None:
    """Raises ValidationError, which names each parameter that is not known and the nearest one."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValidationError({name: [f"{told(name, known)}"] for name in unknown})


def told(name: str, known: frozenset[str]) -> str:
    every = ", ".join(sorted(known))
    near = nearest(name.lower(), known)
    question = f" Did you mean {near}?" if near else ""
    return f"Unknown parameter.{question} Known here: {every}."


def nearest(name: str, known: frozenset[str]) -> str | None:
    for here, elsewhere in ELSEWHERE.items():
        if here in known and name in elsewhere:
            return here
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return found[0] if found else None


class KnownFormats(DefaultContentNegotiation):
    """A `format` that a view does not have is a bad parameter, and no missing page."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        wanted = request.query_params.get(FORMAT)
        known = [renderer.format for renderer in renderers]
        if wanted is not None and wanted not in known:
            if not has_method(request.parser_context["view"], request):
                # It will be told so.
                return renderers[0], renderers[0].media_type
            raise ValidationError({FORMAT: [f"Must be {either(known)}."]})
        return super().select_renderer(request, renderers, format_suffix)


def has_method(view: Any, request: Request) -> bool:
    return hasattr(view, str(request.method).lower())


def either(words: Iterable[str]) -> str:
    """As "a", "a or b", "a, b or c"; each once."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


class KnownParameters:
    """Mixed into a view of REST framework: a request with an unknown parameter is refused.

    Parameters are those of `query_serializer_class`, of the view and of its pagination. A method
    that is not allowed, and OPTIONS, are answered whatever the parameters are.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method != "OPTIONS" and has_method(self, request):
            check(parameters(request.query_params), self.known_parameters())

    def known_parameters(self) -> frozenset[str]:
        parts = (self, getattr(self, "pagination_class", None))
        found = [getattr(part, "query_serializer_class", None) for part in parts]
        return names(*filter(None, found))
