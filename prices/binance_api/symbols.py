"""Which symbols a request is about: `symbol` or `symbols`, or by default all."""

from replay.params import Params

from ..models import Symbol
from .endpoint import UnknownSymbol


def one(params: Params) -> Symbol:
    """Raises ParameterError, and UnknownSymbol when it was never recorded."""
    found = Symbol.objects.filter(name=params.symbol()).first()
    if found is None:
        raise UnknownSymbol
    return found


def some(params: Params) -> list[str] | None:
    """The names asked for; None: all. Raises as `one` does."""
    names = params.symbols()
    if names is not None:
        known = set(Symbol.objects.filter(name__in=names).values_list("name", flat=True))
        if not known.issuperset(names):
            raise UnknownSymbol
    return names
