"""Frames that are not understood: told of at once, then once a minute, with their number and an
example.
"""

import logging

import pytest

from prices.recording.bad_frames import INTERVAL, NAMED, SHOWN, BadFrames, symbol_of


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def test_none_are_not_told_of(caplog) -> None:
    BadFrames(lambda: 0.0).tell()
    assert caplog.messages == []


def test_the_first_is_told_of_at_once_and_only_once(caplog) -> None:
    bad_frames = BadFrames(lambda: 0.0)
    bad_frames.add(b"{}", "neither a trade nor a reply")
    bad_frames.tell()
    bad_frames.tell()
    assert caplog.messages == [
        "Skipped 1 frame, 1 in total; the last: neither a trade nor a reply: b'{}'"
    ]


def test_the_next_are_told_of_together_after_a_minute(caplog) -> None:
    now = 0.0
    bad_frames = BadFrames(lambda: now)
    bad_frames.add(b"1", "why")
    bad_frames.tell()
    for frame in (b"2", b"3"):
        bad_frames.add(frame, "why")
        now += INTERVAL / 2 - 1
        bad_frames.tell()
    assert len(caplog.messages) == 1
    now += 2
    bad_frames.tell()
    assert caplog.messages[1:] == ["Skipped 2 frames, 3 in total; the last: why: b'3'"]
    now += INTERVAL
    bad_frames.tell()
    assert len(caplog.messages) == 2


def test_a_logged_frame_is_cut_and_escaped(caplog) -> None:
    bad_frames = BadFrames(lambda: 0.0)
    bad_frames.add(b"\xff\x1b[2J\n" + b"x" * 10_000, "why")
    bad_frames.tell()
    assert caplog.messages == [
        r"Skipped 1 frame, 1 in total; the last: why: b'\xff\x1b[2J\n" + "x" * (SHOWN - 6) + "'"
    ]


def test_all_symbols_since_the_last_line_are_named(caplog) -> None:
    bad_frames = BadFrames(lambda: 0.0)
    for symbol in ("ETHUSDT", "BTCUSDT", "ETHUSDT"):
        bad_frames.add(b"{", "why", [symbol])
    bad_frames.tell()
    assert caplog.messages == [
        "Skipped 3 frames of BTCUSDT and ETHUSDT, 3 in total; the last: why: b'{'"
    ]


def test_of_many_symbols_some_are_named_and_the_others_counted(caplog) -> None:
    bad_frames = BadFrames(lambda: 0.0)
    for n in range(NAMED + 3):
        bad_frames.add(b"{", "why", [f"A{n:02}"])
    bad_frames.add(b"{", "why")
    bad_frames.tell()
    assert "A09, 3 more and unknown symbols, 14 in total" in caplog.text
    assert "A10" not in caplog.text


@pytest.mark.parametrize(
    ("frame", "symbol"),
    [
        (b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","s":"BTCUSDT","p":"x"}}', "BTCUSDT"),
        (b'{"stream": "btcusdt@aggTrade", "data": {"e": "aggTr', "BTCUSDT"),
        (b'{"e":"aggTrade","s":"BTCUSDT","p":1}', "BTCUSDT"),
        (b'{"stream":"btcusdt@aggTrade","data":{"s":"ETHUSDT"}}', None),
        (b'{"stream":"xrpusdt@aggTrade","data":{"s":"XRPUSDT"}}', None),
        (b'{"s":"BTCUSDT","s":"ETHUSDT"}', None),
        (b"\xff\x00", None),
        (b" " * 100_000 + b'"s":"BTCUSDT"', None),
    ],
)
def test_a_frame_is_charged_to_the_symbol_that_it_names(frame: bytes, symbol: str | None) -> None:
    assert symbol_of(frame, {"BTCUSDT", "ETHUSDT"}) == symbol
