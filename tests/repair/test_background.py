"""The thread beside the recording: it goes on whatever happens to it, ends when it is told to, and
says how a repair goes.
"""

import threading
from dataclasses import dataclass, field

import pytest
from psycopg import OperationalError

from prices.exchange.rest_errors import Stopped
from prices.recording.database_errors import Refusal
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Tape
from prices.repair.background import CHECK_INTERVAL, DATABASE_RETRY, ERROR_RETRY, Background
from prices.repair.open_gaps import Missing
from prices.repair.progress import INTERVAL, Progress
from tests.support.recorders import PATIENCE


def never() -> bool:
    return False


class TestWork:
    """How long it rests after a turn."""

    def test_each_job_has_its_turn_without_rest_while_busy(self) -> None:
        turns: list[str] = []
        jobs = [lambda: turns.append("repair") or True, lambda: bool(turns.append("look"))]
        assert Background(jobs, never).work() == 0
        assert turns == ["repair", "look"]

    def test_a_beat_when_there_is_nothing_to_do(self) -> None:
        assert Background([never, never], never).work() == CHECK_INTERVAL

    @pytest.mark.parametrize(
        ("error", "rest", "told"),
        [
            (Stopped(), CHECK_INTERVAL, ""),
            (
                OperationalError("the server is gone"),
                DATABASE_RETRY,
                "Database unavailable: the server",
            ),
            (ZeroDivisionError("a mistake"), ERROR_RETRY, "ZeroDivisionError: a mistake"),
        ],
    )
    def test_longer_after_trouble_which_is_told(self, error, rest, told, caplog) -> None:
        def fail() -> bool:
            raise error

        assert Background([fail], never).work() == rest
        assert told in caplog.text

    @pytest.mark.django_db(transaction=True)
    def test_a_refusal_of_the_database_is_told_in_one_sentence(self, caplog) -> None:
        tape = ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"])

        def ask() -> bool:
            return tape.once(lambda tape: bool(tape.database.execute("SELECT FROM nowhere")))

        assert Background([ask], never).work() == ERROR_RETRY
        tape.close()
        (told,) = [record for record in caplog.records if record.name == "prices.repair.background"]
        assert told.getMessage() == (
            'The database refuses: relation "nowhere" does not exist.'
            " Repairs and checks that need it are retried every 60 s."
        )
        assert (told.levelname, told.exc_info) == ("ERROR", None)

    @pytest.mark.parametrize("error", [ZeroDivisionError(), OperationalError("gone"), Refusal()])
    def test_a_job_that_fails_rests_alone(self, error) -> None:
        """A gap that cannot be repaired must not keep silent symbols from being checked."""
        turns: list[str] = []

        def fail() -> bool:
            turns.append("repair")
            raise error

        now = 0.0
        background = Background(
            [fail, lambda: bool(turns.append("look"))], never, clock=lambda: now
        )
        assert background.work() == CHECK_INTERVAL
        assert background.work() == CHECK_INTERVAL
        assert turns == ["repair", "look", "look"]
        now += ERROR_RETRY
        background.work()
        assert turns[3:] == ["repair", "look"]


class TestThread:
    def test_works_until_it_is_told_to_end(self) -> None:
        worked = threading.Event()
        background = Background([lambda: bool(worked.set())], never)
        background.start()
        assert worked.wait(PATIENCE)
        background.end(PATIENCE)
        assert not background.thread.is_alive()

    def test_outlives_a_mistake(self, caplog) -> None:
        """It would die unseen, and nothing would be fetched any more."""
        again = threading.Event()
        mistakes = iter([ZeroDivisionError("a mistake")])
        now = 0.0

        def clock() -> float:
            nonlocal now
            now += ERROR_RETRY
            return now

        def job() -> bool:
            for mistake in mistakes:
                background.ended.set()  # No rest in a test.
                raise mistake
            return bool(again.set())

        background = Background([job], never, clock=clock)
        background.over = again.is_set
        background.start()
        assert again.wait(PATIENCE)
        background.end(PATIENCE)
        assert "Unexpected error in the background thread; retrying in 60 s." in caplog.text


@dataclass
class Repairing:
    """A repairer's figures."""

    ticks: int = 0
    gaps: int = 0
    trades: int = 0
    now: float = 1000.0
    said: list[str] = field(default_factory=list)

    def missing(self) -> Missing:
        return Missing(set(range(self.gaps)), self.trades)

    def progress(self) -> Progress:
        return Progress(self, self.said.append, clock=lambda: self.now)


class TestProgress:
    def test_is_told_now_and_then_and_at_the_end(self) -> None:
        repairing = Repairing()
        progress = repairing.progress()
        repairing.ticks, repairing.gaps, repairing.trades = 1000, 1, 2500
        progress.tell()
        assert repairing.said == []
        repairing.now += INTERVAL
        progress.tell()
        progress.tell()
        repairing.ticks, repairing.gaps, repairing.trades = 1001, 0, 0
        progress.tell(at_once=True)
        progress.tell(at_once=True)
        assert repairing.said == [
            "1,000 missing ticks fetched; 2,500 trades missing in 1 gap.",
            "1 missing tick fetched; nothing is missing.",
        ]
