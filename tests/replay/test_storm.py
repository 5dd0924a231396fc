"""Storms: random faults that can be had again."""

from collections.abc import Iterable
from itertools import islice, pairwise

import pytest
import websocket

from replay.exchange import open_exchange
from replay.faults.catalogue import CATALOGUE, check
from replay.faults.storm import storm
from replay.faults.stream_catalogue import STREAMS
from replay.server import running
from tests.support.clients import connected, receive
from tests.support.recorders import eventually

SYMBOLS = ["BTCUSDT", "ETHUSDT"]
LONG = 2000  # faults


def test_the_same_seed_brings_the_same_storm():
    first, again, other = (list(islice(storm(seed, SYMBOLS), 100)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_storm_brings_faults_of_every_kind_that_make_sense():
    faults = list(islice(storm(7, SYMBOLS), LONG))
    drawn = {name for name, entry in CATALOGUE.items() if entry.draw is not None}
    assert {fault.name for fault in faults} == drawn
    assert {fault.symbol for fault in faults} == {"", *SYMBOLS}
    for fault in faults:
        check(fault)


@pytest.mark.parametrize("scale", [1, 0.1])
def test_faults_are_brief_and_follow_each_other_closely(scale):
    faults = list(islice(storm(7, SYMBOLS, scale=scale), LONG))
    gaps = [after.at - before.at for before, after in pairwise(faults)]
    assert within(gaps, 0.5 * scale, 3 * scale)
    assert within([fault.seconds for fault in faults], 0.2 * scale, 5 * scale)
    delays = [fault.options["delay"] for fault in faults if fault.name == "slow-handshake"]
    assert within(map(float, delays), 0.2 * scale, 5 * scale)


def within(values: Iterable[float], least: float, most: float) -> bool:
    """Times are rounded to the millisecond."""
    return all(least - 0.002 <= value <= most + 0.002 for value in values)


def test_one_heavy_fault_comes_at_a_time():
    heavy = [fault for fault in islice(storm(7, SYMBOLS), LONG) if CATALOGUE[fault.name].heavy]
    assert {fault.name for fault in heavy} >= {"half-open", "mute", "rest-down", "refuse"}
    assert all(before.at + before.seconds <= after.at for before, after in pairwise(heavy))


def test_a_storm_may_be_of_some_faults_only():
    assert {fault.name for fault in islice(storm(7, SYMBOLS, names={"close"}), 50)} == {"close"}
    heavy = list(islice(storm(7, SYMBOLS, names={"refuse"}), 50))
    assert {fault.name for fault in heavy} == {"refuse"}


def test_a_client_survives_a_storm():
    exchange = open_exchange(loop=True)
    exchange.faults.follow(storm(1, SYMBOLS, scale=0.05, names=STREAMS))
    with running(exchange) as address:
        url = f"{address.ws_url}/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade"
        seen = 0

        def weather() -> bool:
            """Be a client until this connection is lost, or many kinds of faults have come."""
            nonlocal seen
            try:
                with connected(url) as connection:
                    while len(exchange.faults.played()) < 9:
                        seen += bool(connection.recv())
            except (OSError, websocket.WebSocketException):
                return False
            return True

        eventually(weather)
        exchange.faults.clear()
        with connected(url) as connection:
            streams = [frame["stream"] for frame in receive(connection, 20)]
    assert seen
    assert set(streams) <= {"btcusdt@aggTrade", "ethusdt@aggTrade"}
