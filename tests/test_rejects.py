"""Frames that are not understood: told of at once, then once a minute, with their number and an example."""

import logging

import pytest

from prices.recording.rejects import INTERVAL, SHOWN, Rejects


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def test_none_are_not_told_of(caplog) -> None:
    Rejects(lambda: 0.0).tell()
    assert caplog.messages == []


def test_the_first_is_told_of_at_once_and_only_once(caplog) -> None:
    rejects = Rejects(lambda: 0.0)
    rejects.add(b"{}", "neither an event nor a reply")
    rejects.tell()
    rejects.tell()
    assert caplog.messages == [
        "Skipped 1 frame, 1 in all; the last: neither an event nor a reply: b'{}'"
    ]


def test_the_next_are_told_of_together_after_a_minute(caplog) -> None:
    now = 0.0
    rejects = Rejects(lambda: now)
    rejects.add(b"1", "why")
    rejects.tell()
    for frame in (b"2", b"3"):
        rejects.add(frame, "why")
        now += INTERVAL / 2 - 1
        rejects.tell()
    assert len(caplog.messages) == 1
    now += 2
    rejects.tell()
    assert caplog.messages[1:] == ["Skipped 2 frames, 3 in all; the last: why: b'3'"]
    now += INTERVAL
    rejects.tell()
    assert len(caplog.messages) == 2


def test_a_long_frame_is_cut_and_what_would_upset_a_terminal_is_escaped(caplog) -> None:
    rejects = Rejects(lambda: 0.0)
    rejects.add(b"\xff\x1b[2J\n" + b"x" * 10_000, "why")
    rejects.tell()
    assert caplog.messages == [
        r"Skipped 1 frame, 1 in all; the last: why: b'\xff\x1b[2J\n" + "x" * (SHOWN - 6) + "'"
    ]
