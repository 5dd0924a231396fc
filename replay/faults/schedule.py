"""The schedule: which faults are to come, and which are active."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator

from .fault import Fault


class _Point:
    """A fault on the schedule."""

    def __init__(self, fault: Fault, begins: float) -> None:
        self.fault = fault
        self.begins = begins  # seconds after the start
        self.left = fault.count
        self.taken = False
        self.played = False

    def is_under_way(self, elapsed: float) -> bool:
        return self.begins <= elapsed < self.begins + self.fault.seconds


class FaultSchedule:
    """The exchange asks it which faults are active; others may add to it from threads of their
    own.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        check: Callable[[Fault], object] = lambda fault: None,
    ) -> None:
        """`check` raises for an unknown fault, which would silently never occur."""
        self._clock = clock
        self._check = check
        self._lock = threading.Lock()
        self._started: float | None = None
        self._points: list[_Point] = []
        self._storm: Iterator[Fault] = iter(())
        self._coming: Fault | None = None  # the storm's next
        self._played: Counter[str] = Counter()

    def add(self, fault: Fault, *, now: bool = False) -> None:
        """Add a fault.

        Its `at` counts from the start or, with `now`, from this moment if that is later.
        """
        self._check(fault)
        with self._lock:
            elapsed = self._elapsed()
            self._drop_what_is_over(elapsed)
            self._points.append(_Point(fault, fault.at + (max(0, elapsed) if now else 0)))

    def follow(self, storm: Iterator[Fault]) -> None:
        """Take faults one by one as their time comes; they are in order of time."""
        with self._lock:
            self._storm = storm
            self._coming = next(storm, None)

    def start(self) -> None:
        """The first client connected."""
        with self._lock:
            if self._started is None:
                self._started = self._clock()

    def clear(self) -> None:
        """End all faults, from now on."""
        with self._lock:
            self._points.clear()
            self._storm, self._coming = iter(()), None

    @property
    def is_empty(self) -> bool:
        """For the sending of trades, which must not lose time when there are no faults."""
        return not self._points and self._coming is None

    def lasting(self, name: str, symbol: str = "") -> Fault | None:
        """The active fault of that name that affects this symbol."""
        with self._lock:
            point = next(self._under_way(name, symbol), None)
            return self._play(point) if point else None

    def use(self, name: str, symbol: str = "") -> Fault | None:
        """The same, and one of its `count` is used up."""
        with self._lock:
            point = next(self._under_way(name, symbol), None)
            if point is None:
                return None
            point.left -= 1
            if not point.left:
                self._points.remove(point)
            return self._play(point)

    def all_lasting(self, name: str) -> list[Fault]:
        with self._lock:
            elapsed = self._now()
            return [
                point.fault
                for point in self._points
                if point.fault.name == name and point.is_under_way(elapsed)
            ]

    def any_lasting(self, names: Collection[str]) -> bool:
        with self._lock:
            elapsed = self._now()
            return any(
                point.fault.name in names and point.is_under_way(elapsed) for point in self._points
            )

    def due(self, names: Collection[str]) -> list[Fault]:
        """The active ones that were not taken yet: each is returned once."""
        with self._lock:
            elapsed = self._now()
            due = [
                point
                for point in self._points
                if point.fault.name in names and not point.taken and point.is_under_way(elapsed)
            ]
            for point in due:
                point.taken = True
            return [point.fault for point in due]

    def stands(self, fault: Fault) -> bool:
        """Whether it is neither over nor cancelled."""
        with self._lock:
            point = self._point(fault)
            return point is not None and point.is_under_way(self._elapsed())

    def progress(self, fault: Fault) -> float:
        """How much of it is over, from 0 to 1."""
        with self._lock:
            point = self._point(fault)
            if point is None:
                return 1
            return (self._elapsed() - point.begins) / fault.seconds

    def has_hit(self, fault: Fault, *, over: bool = False) -> None:
        """A due fault has affected a connection; `over`: and is over with that."""
        with self._lock:
            point = self._point(fault)
            if point is not None:
                self._play(point)
                if over:
                    self._points.remove(point)

    def played(self) -> dict[str, int]:
        """How often each fault occurred, by name."""
        with self._lock:
            return dict(sorted(self._played.items()))

    def _point(self, fault: Fault) -> _Point | None:
        return next((point for point in self._points if point.fault is fault), None)

    def _under_way(self, name: str, symbol: str) -> Iterator[_Point]:
        elapsed = self._now()
        for point in self._points:
            fault = point.fault
            if fault.name == name and fault.hits(symbol) and point.is_under_way(elapsed):
                yield point

    def _play(self, point: _Point) -> Fault:
        if not point.played:
            point.played = True
            self._played[point.fault.name] += 1
        return point.fault

    def _now(self) -> float:
        """Seconds since the start, after adding the storm's faults up to then."""
        elapsed = self._elapsed()
        while self._coming is not None and self._coming.at <= elapsed:
            self._drop_what_is_over(elapsed)
            self._points.append(_Point(self._coming, self._coming.at))
            self._coming = next(self._storm, None)
        return elapsed

    def _elapsed(self) -> float:
        """Seconds since the start; before it, less than the beginning of any fault."""
        return -1 if self._started is None else self._clock() - self._started

    def _drop_what_is_over(self, elapsed: float) -> None:
        self._points = [p for p in self._points if elapsed < p.begins + p.fault.seconds]
