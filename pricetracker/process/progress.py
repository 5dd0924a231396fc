"""How far a long command is: a bar on a terminal, a plain line per minute in a log."""

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from .status_line import Line

# Columns of the bar. On a narrow terminal it is the part that shrinks.
BAR_WIDTH = 20

# Seconds of the past from which the time that is left is estimated: one step may take a minute.
ESTIMATED_OVER = 600.0


class Progress:
    """A context manager. `unit` is what is counted, such as "ticks read".

    Write to stderr (`out`) with it, as stdout may be a file of results; and call `clear` before
    any other line is written to the terminal. Log records make room for themselves.
    """

    def __init__(self, out: TextIO, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._unit = unit
        self._line = Line(out, clock)
        self._clock = clock
        self._done = self._shown = 0
        self._bar: Bar | None = None
        self._part = 0.0
        self._handlers: list[logging.Handler] = []

    def __enter__(self) -> Self:
        self._handlers = list(logging.getLogger().handlers)
        for handler in self._handlers:
            handler.addFilter(self._make_room)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()
        for handler in self._handlers:
            handler.removeFilter(self._make_room)

    def tell(self, doing: str, more: int, part: float | None = None) -> None:
        """`more` of the unit are done, and show that if it is due.

        `part` is how much of `doing` is done, from 0 to 1; None when nobody knows the whole.
        """
        self._done += more
        passed = self._line.due()
        if not passed:
            return
        rate = (self._done - self._shown) / passed
        self._shown = self._done
        amount = f"{self._done:,} {self._unit} | {rate:,.0f} per second"
        if self._line.is_terminal:
            self._draw(doing, amount, part)
        else:
            percent = "" if part is None else f" | {part:.0%}"
            self._line.write(f"{doing}{percent} | {amount}")

    def clear(self) -> None:
        """Take the bar off the terminal, until there is more to tell."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _make_room(self, record: logging.LogRecord) -> bool:
        """A filter of log handlers, which lets everything pass."""
        self.clear()
        return True

    def _draw(self, doing: str, amount: str, part: float | None) -> None:
        if part is not None and part < self._part:
            # The next thing to do: how fast the one before went says nothing about it.
            self.clear()
        self._part = part or 0.0
        if self._bar is None:
            self._bar = self._start()
        (task,) = self._bar.task_ids
        self._bar.update(
            task,
            description=doing,
            total=None if part is None else 1.0,
            completed=self._part,
            amount=amount,
            visible=True,
        )
        self._bar.refresh()

    def _start(self) -> Bar:
        bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(BAR_WIDTH),
            TaskProgressColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            console=Console(file=self._out),
            # Drawn by `tell`, in the thread that works: nothing runs on when that one is killed.
            auto_refresh=False,
            # What others write stays theirs: `clear` and the log's filter make room for it.
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
            speed_estimate_period=ESTIMATED_OVER,
            get_time=self._clock,
        )
        bar.add_task("", total=None, amount="", visible=False)
        bar.start()
        # A command that is killed could not show it again.
        bar.console.show_cursor()
        return bar
