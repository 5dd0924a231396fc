"""What each reader of live push is told, against a plain model: the newest of everything it has not
been told.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.live import snapshot as boards
from prices.live.snapshot import Event, Outrun, ReadPosition, Snapshot, Wish


def event(kind: str, symbol: str, of: str = "", n: int = 0) -> Event:
    return Event(kind, symbol, of, f"{kind} {symbol} {of} {n}\n".encode())


SYMBOLS = ("A", "B", "C")

events = st.one_of(
    st.builds(event, st.just("latest"), st.sampled_from(SYMBOLS), n=st.integers(0, 99)),
    st.builds(
        event,
        st.just("candle"),
        st.sampled_from(SYMBOLS),
        st.sampled_from(["1m", "1h"]),
        st.integers(0, 99),
    ),
    st.builds(
        event,
        st.just("gap"),
        st.sampled_from(SYMBOLS),
        st.sampled_from("12345"),
        st.integers(0, 99),
    ),
    st.builds(event, st.just("heartbeat"), st.just(""), n=st.integers(0, 99)),
)
some = st.none() | st.frozensets(st.sampled_from(SYMBOLS))
wishes = st.builds(Wish, some, some, st.sampled_from(["1m", "1h"]))


def wanted(wish: Wish, event: Event) -> bool:
    if event.kind == "heartbeat":
        return True
    if event.kind == "candle":
        return event.of == wish.interval and (wish.candles is None or event.symbol in wish.candles)
    return wish.symbols is None or event.symbol in wish.symbols


def newest(told: list[Event]) -> list[bytes]:
    """Of each thing the last event, in the order of these."""
    last = {event.key: n for n, event in enumerate(told)}
    return [told[n].text for n in sorted(last.values())]


@given(
    wish=wishes,
    before=st.lists(st.lists(events, min_size=1, max_size=5), max_size=5),
    steps=st.lists(st.lists(events, min_size=1, max_size=5) | st.just("read"), max_size=20),
)
def test_a_reader_is_told_the_newest_of_all_that_it_wants_once(
    wish: Wish, before: list[list[Event]], steps: list
) -> None:
    snapshot = Snapshot()
    for published in before:
        snapshot.publish(published)
    place = snapshot.enter()
    # How everything stands, but not the gaps that changed before it came.
    unread = [each for published in before for each in published if each.kind != "gap"]
    for step in [*steps, "read"]:
        if step == "read":
            expected = newest([each for each in unread if wanted(wish, each)])
            assert snapshot.read(wish, place).splitlines(keepends=True) == expected
            unread = []
        else:
            snapshot.publish(step)
            unread += step


def test_one_reader_s_reading_takes_nothing_from_another() -> None:
    snapshot = Snapshot()
    first, second = snapshot.enter(), snapshot.enter()
    snapshot.publish([event("latest", "A")])
    assert (
        snapshot.read(Wish(), first) == snapshot.read(Wish(), second) == event("latest", "A").text
    )
    assert snapshot.read(Wish(frozenset("B")), snapshot.enter()) == b""
    assert snapshot.read(Wish(), first) == b""


def test_gaps_are_forgotten_and_a_late_reader_is_told() -> None:
    snapshot = Snapshot()
    behind, up_to_date = snapshot.enter(), snapshot.enter()
    for n in range(boards.GAPS_KEPT):
        snapshot.publish([event("gap", "A", str(n))])
    assert snapshot.read(Wish(), up_to_date).count(b"\n") == boards.GAPS_KEPT
    snapshot.publish([event("latest", "A"), event("gap", "A", "one more")])
    assert snapshot.gaps == boards.GAPS_KEPT
    with pytest.raises(Outrun):
        snapshot.read(Wish(), behind)
    assert snapshot.read(Wish(), up_to_date).count(b"\n") == 2
    # Who comes anew asks for the gaps elsewhere.
    assert snapshot.read(Wish(), snapshot.enter()) == event("latest", "A").text


def test_a_gap_that_changes_takes_no_more_room() -> None:
    snapshot = Snapshot()
    for n in range(3):
        snapshot.publish([event("gap", "A", "1", n)])
    assert snapshot.gaps == len(snapshot.events) == 1
    assert snapshot.read(Wish(), ReadPosition()) == event("gap", "A", "1", 2).text
