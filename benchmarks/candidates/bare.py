"""The bare service: what a user would write instead, FastAPI and asyncpg with the site's own
statements.

It neither judges coverage nor knows any dialect of timestamps but ISO 8601, and sends no security
header.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
from fastapi import FastAPI, HTTPException, Request

from prices.sql import statement

# As many as the site has for the three questions.
CONNECTIONS = 8

PARAMETER = re.compile(r"%\((\w+)\)s")


def numbered(name: str, *parameters: str) -> str:
    """A statement with asyncpg's parameters: `%(name)s` is $1, and so on."""
    return PARAMETER.sub(
        lambda found: f"${parameters.index(found[1]) + 1}", statement(f"read/{name}")
    )


LATEST = numbered("latest_one", "name")
AS_OF = numbered("as_of", "name", "instant")
MINUTE = numbered("minute", "name", "start", "end")


def application(database: dict[str, Any]) -> FastAPI:
    """`database`: what asyncpg connects to."""

    @asynccontextmanager
    async def pooled(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            **database, min_size=CONNECTIONS, max_size=CONNECTIONS
        ) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=pooled)

    async def one(request: Request, query: str, *asked: Any) -> asyncpg.Record:
        row = await request.app.state.pool.fetchrow(query, *asked)
        if row is None:
            raise HTTPException(404)
        return row

    async def latest(request: Request, symbol: str) -> dict[str, Any]:
        row = await one(request, LATEST, symbol)
        return {"symbol": symbol, "price": plain(row["price"]), "timestamp": row["timestamp"]}

    async def price_at_second(request: Request, symbol: str, timestamp: datetime) -> dict[str, Any]:
        row = await one(request, AS_OF, symbol, timestamp.replace(tzinfo=UTC))
        return {
            "symbol": symbol,
            "timestamp": timestamp,
            "price": plain(row["price"]),
            "actual_timestamp": row["timestamp"],
        }

    async def minmax(request: Request, symbol: str, timestamp: datetime) -> dict[str, Any]:
        start = timestamp.replace(second=0, microsecond=0, tzinfo=UTC)
        end = start + timedelta(minutes=1, microseconds=-1)
        row = await one(request, MINUTE, symbol, start, end)
        return {
            "symbol": symbol,
            "minute": start,
            "high": plain(row["high"]),
            "low": plain(row["low"]),
        }

    for path, answer in (
        ("/latest", latest),
        ("/price-at-second", price_at_second),
        ("/minmax", minmax),
    ):
        app.add_api_route(path, answer)
    return app


def plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f").rstrip("0").rstrip(".")
