"""The buffer between reader and writer: in order, bounded, and it never holds up the reader for
nothing.
"""

import threading

from prices.recording.buffer import LARGE, LARGEST_BATCH, MOST_ASIDE, Buffer
from tests.support.recorders import PATIENCE, eventually

# Seconds. A reader that waits for so long waits for the writer and not for the time to pass.
FOR_EVER = 1_000_000.0


def put(buffer: Buffer[int], event: int) -> threading.Thread:
    """Put an event as a reader does who may have to wait."""
    reader = threading.Thread(target=buffer.put, args=(event,), daemon=True)
    reader.start()
    return reader


def ends(thread: threading.Thread) -> bool:
    thread.join(PATIENCE)
    return not thread.is_alive()


def full(capacity: int = 3, patience: float = 0.0) -> Buffer[int]:
    buffer: Buffer[int] = Buffer(capacity, patience)
    for event in range(capacity):
        buffer.put(event)
    return buffer


def test_events_come_out_once_and_in_order() -> None:
    buffer = full()
    assert len(buffer) == 3
    assert buffer.take(0) == [0, 1, 2]
    assert (len(buffer), buffer.take(0)) == (0, [])


def test_when_it_stays_full_the_oldest_go_and_are_counted() -> None:
    buffer = full()
    buffer.put(3)
    buffer.put(4)
    assert (len(buffer), buffer.dropped) == (3, 2)
    assert buffer.take(0) == [2, 3, 4]


def large(mark: int) -> bytes:
    return bytes([mark]) * (2 * LARGE)


def test_large_frames_are_bounded_in_bytes() -> None:
    buffer: Buffer[bytes] = Buffer(patience=0, most_large_bytes=8 * LARGE)
    for mark in range(50):
        buffer.put(b"a tick")
        buffer.put(large(mark))
    assert buffer.dropped == 2 * 46
    assert [event for event in buffer.take(0) if len(event) > LARGE] == [
        large(mark) for mark in range(46, 50)
    ]
    # What was taken counts no longer.
    for mark in range(4):
        buffer.put(large(mark))
    assert buffer.dropped == 2 * 46
    assert len(buffer.take(0)) == 4


def test_a_frame_larger_than_all_the_room_drops_what_is_before() -> None:
    buffer: Buffer[bytes] = Buffer(patience=0, most_large_bytes=LARGE)
    buffer.put(b"a tick")
    buffer.put(large(1))
    assert (buffer.take(0), buffer.dropped) == ([large(1)], 1)


def test_between_threads_dropped_and_taken_are_all() -> None:
    """The writer takes while the reader drops."""
    buffer: Buffer[bytes] = Buffer(capacity=20, patience=0, most_large_bytes=8 * LARGE)
    frames = [large(n % 200) if n % 3 else b"a tick" for n in range(30_000)]
    reader = threading.Thread(target=lambda: [buffer.put(frame) for frame in frames], daemon=True)
    reader.start()
    taken: list[bytes] = []
    while reader.is_alive() or buffer:
        taken += buffer.take(0)
    assert len(taken) + buffer.dropped == len(frames)
    assert buffer.large_in == buffer.large_out


def test_a_batch_is_bounded() -> None:
    buffer = full(LARGEST_BATCH + 1)
    assert buffer.take(0) == list(range(LARGEST_BATCH))
    assert buffer.take(0) == [LARGEST_BATCH]


def test_the_reader_waits_for_a_writer_that_is_slow() -> None:
    buffer = full(patience=FOR_EVER)
    buffer.room.set()
    reader = put(buffer, 3)
    eventually(lambda: not buffer.room.is_set())
    assert buffer.take(0) == [0, 1, 2]
    assert ends(reader)
    assert (buffer.take(0), buffer.dropped) == ([3], 0)


def test_the_reader_waits_in_vain_only_once() -> None:
    buffer = full()
    buffer.put(3)
    buffer.patience = FOR_EVER
    assert ends(put(buffer, 4))
    assert buffer.dropped == 2
    # The writer takes something: it is worth waiting for again.
    assert buffer.take(0) == [2, 3, 4]
    for event in (5, 6, 7):
        buffer.put(event)
    reader = put(buffer, 8)
    eventually(lambda: not buffer.room.is_set())
    assert buffer.take(0) == [5, 6, 7]
    assert ends(reader)
    assert (buffer.take(0), buffer.dropped) == ([8], 2)


def test_the_writer_is_woken_by_the_first_event() -> None:
    buffer: Buffer[int] = Buffer()
    taken: list[int] = []
    writer = threading.Thread(target=lambda: taken.extend(buffer.take(FOR_EVER)), daemon=True)
    writer.start()
    buffer.put(1)
    assert ends(writer)
    assert taken == [1]


def test_between_threads_nothing_is_lost_or_reordered() -> None:
    buffer: Buffer[int] = Buffer(capacity=50, patience=FOR_EVER)
    events = 50_000
    reader = threading.Thread(
        target=lambda: [buffer.put(event) for event in range(events)], daemon=True
    )
    reader.start()
    taken: list[int] = []
    while len(taken) < events and (batch := buffer.take(PATIENCE)):
        taken += batch
    assert taken == list(range(events))
    assert buffer.dropped == 0


def test_what_is_handed_over_comes_in_order() -> None:
    buffer: Buffer[int] = Buffer(2 * LARGEST_BATCH)
    for event in range(LARGEST_BATCH + 2):
        buffer.put(event)
    buffer.hand_over(-1)
    buffer.put(LARGEST_BATCH + 2)
    assert buffer.take(0) == list(range(LARGEST_BATCH))
    assert buffer.take(0) == [LARGEST_BATCH, LARGEST_BATCH + 1, LARGEST_BATCH + 2, -1]


def test_a_handover_wakes_the_writer_and_evicts_nothing() -> None:
    buffer = full()
    for n in range(5_000):
        buffer.hand_over(-n)
    assert (len(buffer), buffer.dropped) == (3, 0)
    # Of what is handed over the newest count, and no more than the writer has room for.
    newest = [-n for n in range(5_000 - MOST_ASIDE, 5_000)]
    assert buffer.take(0) == [0, 1, 2, *newest]
    assert buffer.take(0) == []
    buffer.hand_over(7)
    assert buffer.take(FOR_EVER) == [7]


def test_what_is_handed_over_waits_behind_several_batches() -> None:
    buffer = full(2 * LARGEST_BATCH + 1)
    for n in range(MOST_ASIDE):
        buffer.hand_over(-n - 1)
    assert buffer.take(0) == list(range(LARGEST_BATCH))
    assert buffer.take(0) == list(range(LARGEST_BATCH, 2 * LARGEST_BATCH))
    assert buffer.take(0) == [2 * LARGEST_BATCH, *range(-1, -MOST_ASIDE - 1, -1)]


def test_two_threads_that_both_have_something_lose_nothing() -> None:
    """A reader that puts, and a lookout that hands over."""
    buffer: Buffer[int] = Buffer(capacity=5, patience=FOR_EVER)
    events = 20_000
    reader = threading.Thread(target=lambda: [buffer.put(n) for n in range(events)], daemon=True)
    staleness_check = threading.Thread(
        target=lambda: [buffer.hand_over(-n) for n in range(1, 500)], daemon=True
    )
    for thread in (reader, staleness_check):
        thread.start()
    taken: list[int] = []
    while len([n for n in taken if n >= 0]) < events and (batch := buffer.take(PATIENCE)):
        taken += batch
    assert ends(staleness_check)
    taken += buffer.take(0)
    assert [n for n in taken if n >= 0] == list(range(events))
    assert [n for n in taken if n < 0] == [-n for n in range(1, 500)]
    assert buffer.dropped == 0
