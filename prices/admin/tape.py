"""Tables that only the tracker writes, in the admin: read-only, and never counted."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from ..models import Symbol
from .search import understand

if TYPE_CHECKING:
    # Django 5.2 cannot subscript the class itself.
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# Maximum number of pages: each reads the rows of the previous ones again. To see older rows, search
# for an instant.
PAGES = 50
ROWS_A_PAGE = 100
ROWS = PAGES * ROWS_A_PAGE


class UncountedList(ChangeList):
    """Pages that only know whether another one follows: each reads one row more than it shows."""

    def get_results(self, request: HttpRequest) -> None:
        if not 1 <= self.page_num <= PAGES:
            raise IncorrectLookupParameters
        start = (self.page_num - 1) * ROWS_A_PAGE
        rows = list(self.queryset[start : start + ROWS_A_PAGE + 1])
        if start and not rows:
            raise IncorrectLookupParameters
        self.result_list = rows[:ROWS_A_PAGE]
        self.result_count = min(start + len(rows), ROWS)
        self.multi_page = self.result_count > ROWS_A_PAGE
        self.paginator = Paginator(range(self.result_count), ROWS_A_PAGE)
        # Equal, so that the search box shows no number of results.
        self.full_result_count = self.result_count
        self.show_full_result_count = self.can_show_all = self.show_admin_actions = False

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        """The order of an index, whichever the URL asks for."""
        return list(self.model_admin.ordering or ())


class TapeAdmin(ModelAdmin):
    """A table that only the tracker writes. A subclass says what a search finds."""

    actions = None
    list_per_page = ROWS_A_PAGE
    sortable_by = ()
    # Not names of fields, but what `search` finds rows by. Without any there is no search box.
    search_fields: ClassVar[tuple[str, ...]] = ("symbol", "instant")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            symbol, instant = understand(search_term)
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return queryset.none(), False
        return self.search(queryset, symbol, instant), False

    def search(
        self, rows: QuerySet[Any], symbol: Symbol | None, instant: datetime | None
    ) -> QuerySet[Any]:
        return rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # A filter in the URL could scan the whole table.
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.list_display

    # The table behind a view: whoever may look at it may look at the view.
    table: type[Model] | None = None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if super().has_view_permission(request, obj):
            return True
        if self.table is None:
            return False
        permission = get_permission_codename("view", self.table._meta)
        return request.user.has_perm(f"{self.table._meta.app_label}.{permission}")

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
