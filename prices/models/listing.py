"""How the exchange describes a symbol."""

from collections.abc import Mapping

from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Now

from .symbol import Symbol


class ListingQuerySet(QuerySet["Listing"]):
    def keep(self, described: Mapping[str, object]) -> None:
        """Replace what is kept of some recorded symbols, by name. Others are passed over."""
        numbers = dict(Symbol.objects.filter(name__in=described).values_list("name", "pk"))
        self.bulk_create(
            [
                Listing(symbol_id=numbers[name], body=body, checked_at=Now())
                for name, body in described.items()
                if name in numbers
            ],
            update_conflicts=True,
            unique_fields=["symbol"],
            update_fields=["body", "checked_at"],
        )


class Listing(models.Model):
    """A symbol of the exchange's `exchangeInfo`, as it was when a recorder last checked it.

    Not a column of the symbol, whose row every heartbeat rewrites.
    """

    symbol = models.OneToOneField(
        Symbol, models.PROTECT, primary_key=True, related_name="listing", db_constraint=False
    )
    body = models.JSONField()
    checked_at = models.DateTimeField()

    objects = ListingQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.symbol)
