"""Django with asynchronous views and a pool of psycopg's asynchronous connections, to
compare with.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.http import Http404, HttpRequest, JsonResponse
from django.urls import path
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from prices.sql import statement

from .bare import CONNECTIONS, plain

LATEST = statement("read/latest_one")
AS_OF = statement("read/as_of")
MINUTE = statement("read/minute")

pool = AsyncConnectionPool(min_size=CONNECTIONS, max_size=CONNECTIONS, open=False)


def prepare(database: dict[str, Any]) -> None:
    pool.kwargs = {**database, "autocommit": True, "row_factory": dict_row}


async def one(query: str, **asked: Any) -> dict[str, Any]:
    if pool.closed:
        await pool.__aenter__()
    async with pool.connection() as line:
        row = await (await line.execute(query, asked)).fetchone()
    if row is None:
        raise Http404
    return cast("dict[str, Any]", row)


async def latest(request: HttpRequest) -> JsonResponse:
    row = await one(LATEST, name=request.GET["symbol"])
    return JsonResponse(
        {
            "symbol": row["name"],
            "price": plain(row["price"]),
            "timestamp": row["timestamp"].isoformat(),
        }
    )


async def price_at_second(request: HttpRequest) -> JsonResponse:
    asked = datetime.fromisoformat(request.GET["timestamp"]).replace(tzinfo=UTC)
    row = await one(AS_OF, name=request.GET["symbol"], instant=asked)
    return JsonResponse(
        {
            "symbol": request.GET["symbol"],
            "timestamp": request.GET["timestamp"],
            "price": plain(row["price"]),
            "actual_timestamp": row["timestamp"] and row["timestamp"].isoformat(),
        }
    )


async def minmax(request: HttpRequest) -> JsonResponse:
    asked = datetime.fromisoformat(request.GET["timestamp"])
    start = asked.replace(second=0, microsecond=0, tzinfo=UTC)
    end = start + timedelta(minutes=1, microseconds=-1)
    row = await one(MINUTE, name=request.GET["symbol"], start=start, end=end)
    return JsonResponse(
        {
            "symbol": request.GET["symbol"],
            "minute": start.isoformat(),
            "high": plain(row["high"]),
            "low": plain(row["low"]),
        }
    )


urlpatterns = [
    path("latest", latest),
    path("price-at-second", price_at_second),
    path("minmax", minmax),
]
