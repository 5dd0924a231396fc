"""The status line: refreshed on a terminal, once a minute in a log."""

import io

import pytest

from prices.recording.counters import Counters
from prices.recording.status import Status
from prices.recording.tape import Stored

SENT = 1_751_531_435.5


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def counters(ticks: int) -> Counters:
    found = Counters()
    found.add(Stored(ticks, gaps_opened=2, gaps_closed=1), ticks + 5, round(SENT * 1_000_000))
    return found


def test_on_a_terminal_the_line_is_refreshed_every_second(clock, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "101")
    out = Terminal()
    status = Status(out, clock, lambda: SENT + 0.0042)
    status.tell(counters(1), 0, connected=True)
    assert out.getvalue() == ""
    clock.now += 2
    status.tell(counters(12_345), 1_000, connected=True)
    line = (
        "recording | 6,175 ticks/s | 0.00 s behind | 1,000 buffered | 12,345 "
        "recorded | 2 gaps, 1 repaired"
    )
    assert out.getvalue() == f"{line:100}\r"
    clock.now += 0.5
    status.tell(counters(12_345), 0, connected=True)
    assert out.getvalue() == f"{line:100}\r"
    status.end()
    assert out.getvalue() == f"{line:100}\r\n"


def test_on_a_narrow_terminal_the_line_does_not_wrap(clock, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "31")
    out = Terminal()
    clock.now = 0
    status = Status(out, clock, lambda: SENT)
    clock.now = 1
    status.tell(counters(1), 0, connected=True)
    assert out.getvalue() == "recording | 6 ticks/s | 0.00 s\r"


def test_in_a_log_there_is_a_line_a_minute(clock) -> None:
    out = io.StringIO()
    status = Status(out, clock, lambda: SENT)
    for _ in range(119):
        clock.now += 1
        status.tell(counters(55), 0, connected=False)
    status.end()
    assert out.getvalue() == (
        "not connected | 1 ticks/s | 0.00 s behind | 0 buffered | 55 recorded | "
        "2 gaps, 1 repaired\n"
    )


def test_the_rate_is_that_since_the_last_line(clock) -> None:
    out = Terminal()
    status = Status(out, clock, lambda: SENT)
    clock.now += 10
    status.tell(counters(95), 0, connected=True)
    clock.now += 10
    status.tell(counters(195), 0, connected=True)
    assert out.getvalue().count("| 10 ticks/s |") == 2


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-0.5, "-0.50 s behind"),
        (0.123, "0.12 s behind"),
        (119, "119.00 s behind"),
        (120, "2 minutes behind"),
        (7_200, "2 hours behind"),
        (2 * 86_400, "2 days behind"),
        (500 * 86_400, "500 days behind"),
        (2 * 365 * 86_400, "2 years behind"),
    ],
)
def test_the_lag_is_told_in_units_of_its_size(clock, seconds, told) -> None:
    assert Status(io.StringIO(), clock, lambda: SENT + seconds).lag(round(SENT * 1e6)) == told


def test_without_a_tick_there_is_no_lag(clock) -> None:
    assert Status(io.StringIO(), clock).lag(0) == "no tick yet"
