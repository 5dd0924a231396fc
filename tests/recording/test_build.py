"""A recorder as it is put together: each part is connected to the one that it needs. No exchange,
no database.
"""

import io
import json
from collections.abc import Iterator

import pytest

from prices.exchange.rest import Rest
from prices.exchange.subscription import aggregate_trades
from prices.recording.build import Recording, build_recorder
from prices.recording.tape import Tape
from prices.repair.schedule import RETRY_WITHIN
from pricetracker.process.signals import StopRequest

NOWHERE = "127.0.0.1:1"
# So many that some of them are subscribed to by messages.
SYMBOLS = [f"SYMBOL{number:04}USDT" for number in range(1000)]


def no_tape() -> Tape:
    raise AssertionError("nothing here is stored")


@pytest.fixture
def recording() -> Iterator[Recording]:
    with Rest(f"http://{NOWHERE}") as rest:
        rest.requests, rest.weight = 3, 4
        yield build_recorder(
            aggregate_trades(f"ws://{NOWHERE}", SYMBOLS),
            SYMBOLS,
            rest=rest,
            open_tape=no_tape,
            stop=StopRequest(),
            out=io.StringIO(),
        )


def test_each_count_comes_from_the_part_that_counts(recording) -> None:
    stream, writer = recording.stream, recording.writer
    stream.reconnects, stream.chain.failed_handovers = 1, 2
    writer.bad_frames.count, writer.heartbeat.gaps_opened = 5, 60
    counters = writer.counters
    counters.ticks, counters.fetched, counters.batches, counters.dropped = 70, 800, 9, 10
    counters.gaps_opened, counters.gaps_closed_by_stream, counters.gaps_closed_by_rest = 1, 20, 300
    assert writer.counts() == {
        "reconnects": 1,
        "handovers_failed": 2,
        "rest_requests": 3,
        "rest_weight": 4,
        "frames_refused": 5,
        "ticks_stored": 870,
        "batches_stored": 9,
        "frames_dropped": 10,
        "gaps_opened": 61,
        "gaps_closed": 320,
    }


def test_repair_waits_out_no_outage_beside_a_recording(recording) -> None:
    assert recording.repairer is not None
    assert recording.repairer.retry_within == RETRY_WITHIN


def test_what_repair_fetched_is_counted_by_the_writer(recording) -> None:
    assert recording.repairer is not None
    assert recording.repairer.filled == recording.writer.counters.fill


def test_a_refused_subscription_names_the_symbols_it_asked_for(recording, caplog) -> None:
    (message, *_) = recording.stream.subscription.messages
    refusal = {"error": {"code": 2, "msg": "Invalid request"}, "id": json.loads(message)["id"]}
    recording.writer.buffer.put(json.dumps(refusal).encode())
    recording.writer.turn()
    first = json.loads(message)["params"][0].removesuffix("@aggTrade").upper()
    assert f"The exchange rejected the subscription to {first}, " in caplog.text


def test_a_stale_symbol_asks_the_stream_for_another_connection(recording) -> None:
    assert recording.writer.heartbeat.renew == recording.stream.renew
