"""Binance's own read API over the tape, for programs that speak it already: `/api/v3/`.

Parameters, shapes, limits and error codes are those of the exchange; the answers come from the
tape, so an aggregate trade bears the id of its first trade, and an interval in which nothing was
traded has no kline. What cannot be answered is one of the exchange's own errors.
"""
