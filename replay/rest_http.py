"""REST on a socket: the handling of a request, with all the faults on its way."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from .exchange import Exchange
from .faults.rest_answers import delay, instead, is_cut_off, is_truncated
from .faults.rest_pages import HTML, JSON, Page
from .limits import Refusal

Headers = dict[str, str]


async def respond(
    request: web.Request, exchange: Exchange, stopping: asyncio.Event
) -> web.StreamResponse:
    symbol, address = request.query.get("symbol", ""), request.remote or ""
    weight = exchange.rest.weight(request.match_info["path"], request.query)
    exchange.judge.request(address, weight, exchange.wall())
    if is_cut_off(exchange.faults, symbol):
        return _cut_off(request)
    if seconds := delay(exchange.faults, symbol):
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
    replacement = instead(exchange.faults, symbol, exchange.wall())
    if isinstance(replacement, Page) and replacement.from_gateway:
        return _page(replacement, {})
    weights = exchange.weights_of(address)
    refusal = weights.spend(weight, exchange.wall())
    headers = {"X-MBX-USED-WEIGHT-1M": str(weights.used)}
    if isinstance(replacement, Page):
        return _page(replacement, headers)
    if refusal := refusal or replacement:
        exchange.judge.told_to_wait(address, refusal.retry_after, exchange.wall())
        return _refused(refusal, headers)
    return _answered(request, exchange, headers)


def json_response(status: int, body: object, headers: Headers) -> web.Response:
    return _page(Page(status, _json(body), JSON), headers)


def _answered(request: web.Request, exchange: Exchange, headers: Headers) -> web.Response:
    answer = exchange.rest.answer(
        request.match_info["path"],
        request.query.items(),
        request.headers.get("X-MBX-TIME-UNIT"),
        exchange.clock.now(),
        exchange.faults,
    )
    if answer is None:
        return _not_found(request, headers)
    status, body = answer
    text = _json(body)
    if is_truncated(exchange.faults, request.query.get("symbol", "")):
        text = text[: len(text) // 2]
    return _page(Page(status, text, JSON), headers)


def _cut_off(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()  # which nobody gets to see


def _refused(refusal: Refusal, headers: Headers) -> web.Response:
    headers["Retry-After"] = str(refusal.retry_after)
    return json_response(refusal.status, {"code": -1003, "msg": refusal.message}, headers)


def _not_found(request: web.Request, headers: Headers) -> web.Response:
    """A page for browsers, an empty body for programs."""
    if "text/html" in request.headers.get("Accept", ""):
        return _page(Page(404, "<html><body><h1>404 Not found</h1></body></html>", HTML), headers)
    return web.Response(status=404, headers=headers)


def _page(page: Page, headers: Headers) -> web.Response:
    return web.Response(
        status=page.status, text=page.text, content_type=page.content_type, headers=headers
    )


def _json(body: object) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
