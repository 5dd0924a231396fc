"""Progress of long commands: a bar for people, lines for logs, and stdout left to the results."""

import io
import logging

import pytest
from django.conf import settings

from pricetracker.process.progress import Progress
from pricetracker.process.status_line import IN_LOG, ON_TERMINAL

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "120", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)


def test_a_terminal_shows_a_bar() -> None:
    out, clock = Terminal(), Clock()
    with Progress(out, "ticks read", clock) as progress:
        clock.now += ON_TERMINAL
        progress.tell("BTCUSDT", 1_000, 0.25)
    shown = out.getvalue()
    assert "BTCUSDT ━━━━━" in shown
    assert " 25% 1,000 ticks read | 1,000 per second" in shown


def test_a_narrow_terminal_keeps_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out, clock = Terminal(), Clock()
    with Progress(out, "ticks read", clock) as progress:
        for part in (0.1, 0.2, 0.3):
            clock.now += 100
            progress.tell("BTCUSDT: ticks", 1_000_000, part)
    shown = out.getvalue()
    assert "BTCUSDT: ticks" in shown
    assert " 30% 3,000,000 ticks read | 10,000 per second 11:40" in shown


def test_nothing_of_the_bar_is_left_behind() -> None:
    out, clock = Terminal(), Clock()
    with Progress(out, "ticks read", clock) as progress:
        clock.now += ON_TERMINAL
        progress.tell("BTCUSDT", 1_000, 0.25)
        drawn = len(out.getvalue())
        progress.clear()
    after = out.getvalue()[drawn:]
    assert "\x1b[2K" in after
    assert "BTCUSDT" not in after.rpartition("\x1b[2K")[2]


def test_the_cursor_is_never_left_hidden() -> None:
    out, clock = Terminal(), Clock()
    progress = Progress(out, "ticks read", clock)
    clock.now += ON_TERMINAL
    progress.tell("BTCUSDT", 1_000)
    assert out.getvalue().rfind(SHOW_CURSOR) > out.getvalue().rfind(HIDE_CURSOR)


def test_the_bar_goes_when_the_command_is_interrupted() -> None:
    out, clock = Terminal(), Clock()

    def work() -> None:
        with Progress(out, "ticks read", clock) as progress:
            clock.now += ON_TERMINAL
            progress.tell("BTCUSDT", 1_000)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert "BTCUSDT" not in out.getvalue().rpartition("\x1b[2K")[2]


def test_log_records_make_room_for_themselves() -> None:
    out, clock = Terminal(), Clock()
    root = logging.getLogger()
    handler = logging.StreamHandler(out)
    root.addHandler(handler)
    try:
        with Progress(out, "ticks read", clock) as progress:
            clock.now += ON_TERMINAL
            progress.tell("BTCUSDT", 1_000)
            logging.getLogger("prices.exchange").warning("REST paused")
        assert handler.filters == []
        logging.getLogger("prices.exchange").warning("Later")
    finally:
        root.removeHandler(handler)
    lines = out.getvalue().splitlines()
    assert lines[-2].endswith("\x1b[2KREST paused")
    assert lines[-1] == "Later"


def test_a_log_has_a_line_per_minute() -> None:
    out, clock = io.StringIO(), Clock()
    with Progress(out, "ticks read", clock) as progress:
        for _ in range(int(2 * IN_LOG) - 1):
            clock.now += 1
            progress.tell("BTCUSDT", 10, 0.5)
        progress.clear()
    assert out.getvalue() == "BTCUSDT | 50% | 600 ticks read | 10 per second\n"


def test_a_log_has_no_percentage_of_an_unknown_whole() -> None:
    out, clock = io.StringIO(), Clock()
    with Progress(out, "ticks read", clock) as progress:
        clock.now += IN_LOG
        progress.tell("BTCUSDT", 600)
    assert out.getvalue() == "BTCUSDT | 600 ticks read | 10 per second\n"


COMMANDS = settings.BASE_DIR / "prices" / "management" / "commands"


@pytest.mark.parametrize(
    "path",
    [path for path in COMMANDS.glob("*.py") if "Progress(" in path.read_text(encoding="utf-8")],
    ids=lambda path: path.stem,
)
def test_commands_show_it_on_stderr(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("Progress(") == text.count("Progress(sys.stderr, ")
