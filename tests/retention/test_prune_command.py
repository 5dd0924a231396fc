"""`manage.py prune_prices`: what it says, how it ends, and that it may end at any time."""

import io
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from prices.models import Price, Symbol
from prices.recording.tape import Tape
from prices.retention import age
from tests.support.audits import SYMBOL, verify
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import START, TAKE_LOCKS, open_tape, tick

DAY = 86_400


def ago(days: float) -> float:
    """So many days before now, in seconds from START."""
    return time.time() - days * DAY - START.timestamp()


def prune(*arguments: str) -> str:
    out = io.StringIO()
    call_command("prune_prices", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
class TestCommand:
    @pytest.fixture
    def tape(self) -> Iterator[Tape]:
        """A tick a day, the newest of today."""
        with open_tape(SYMBOL, "ETHUSDT", "SOLUSDT") as tape:
            tape.store(
                [
                    tick(n, ago(9.5 - n), symbol=name)
                    for n in range(10)
                    for name in (SYMBOL, "ETHUSDT")
                ]
            )
            yield tape

    def test_keeps_what_is_asked_for_of_every_symbol(self, tape) -> None:
        told = prune("--keep", "3d").splitlines()
        counts = [Price.objects.filter(symbol__name=name).count() for name in (SYMBOL, "ETHUSDT")]
        # The price of three days ago is that of the tick before.
        assert counts == [4, 4]
        assert [line.split(", from")[0] for line in told] == [
            "BTCUSDT: 6 ticks pruned",
            "ETHUSDT: 6 ticks pruned",
            "SOLUSDT: no tick pruned",
        ]
        assert told[0].endswith(", about 780 bytes")
        assert verify()[0] == 0

    def test_only_of_the_symbols_named(self, tape) -> None:
        assert prune("ethusdt", "--keep", "1W").startswith("ETHUSDT: 2 ticks pruned, from ")
        assert Price.objects.filter(symbol__name=SYMBOL).count() == 10

    def test_a_dry_run_says_the_same_and_changes_nothing(self, tape) -> None:
        would = prune("--keep", "3d", "--dry-run")
        assert Price.objects.count() == 20
        assert not Symbol.objects.filter(kept_from__isnull=False).exists()
        assert prune("--keep", "3d") == would.replace("would be pruned", "pruned")

    def test_refuses_a_symbol_that_was_never_recorded(self, tape) -> None:
        with pytest.raises(CommandError, match=r"^DOGEUSDT was never recorded\."):
            prune("DOGEUSDT", "--keep", "3d")

    def test_needs_to_be_told_how_much_to_keep(self) -> None:
        with pytest.raises(CommandError, match="--keep"):
            prune()


@pytest.mark.parametrize(
    ("text", "days"), [("2d", 2), ("90d", 90), ("12w", 84), ("1W", 7), (" 90D ", 90)]
)
def test_ages(text, days) -> None:
    assert age.parse(text).total_seconds() == days * DAY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("90", "Must be a number of days or weeks, such as 90d or 12w."),
        ("d", "Must be a number of days or weeks, such as 90d or 12w."),
        ("-3d", "Must be a number of days or weeks, such as 90d or 12w."),
        ("1.5w", "Must be a number of days or weeks, such as 90d or 12w."),
        ("\u0663d", "Must be a number of days or weeks, such as 90d or 12w."),
        ("1d", "Must be 2d or more: the change over 24 hours is computed from ticks."),
        ("0w", "Must be 2d or more: the change over 24 hours is computed from ticks."),
        ("999999w", "Must be 365000d or less."),
    ],
)
def test_what_is_no_age_is_refused_in_a_sentence(text, sentence) -> None:
    with pytest.raises(CommandError) as refused:
        prune(f"--keep={text}")
    assert str(refused.value) == f"Error: argument --keep: {text!r}: {sentence}"


@pytest.mark.django_db(transaction=True)
class TestEnding:
    """Of 30,000 ticks of long ago, and one of today."""

    @pytest.fixture
    def tape(self) -> Iterator[Tape]:
        with open_tape() as tape:
            begin = ago(100)
            for n in range(0, 30_000, 5000):
                tape.store([tick(m, begin + m / 100) for m in range(n, n + 5000)])
            tape.store([tick(30_000, ago(0))])
            yield tape

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()
        return process.returncode, output

    def test_ctrl_c_ends_it_after_the_step_that_it_is_at(self, tape) -> None:
        with tape.database.transaction():
            tape.database.execute(TAKE_LOCKS)
            process = manage("prune_prices", "--keep", "90d")
            try:
                eventually(waits_for_the_pen)
                process.send_signal(signal.SIGINT)
            except BaseException:
                process.kill()
                raise
        code, output = self.finish(process)
        assert code == 1
        assert output.startswith("BTCUSDT: 5,000 ticks pruned, from ")
        assert output.endswith("Stopped early. Run it again to continue.\n")
        assert (Price.objects.count(), Symbol.objects.get().kept_from) == (25_001, 5000)
        assert verify()[0] == 0

    def test_killed_at_any_instant_it_leaves_a_whole_tape(self, tape) -> None:
        for part in range(1, 4):
            process = manage("prune_prices", "--keep", "90d")
            eventually(lambda: (Symbol.objects.get().kept_from or 0) >= 5000 * part)  # noqa: B023
            process.kill()
            self.finish(process)
            assert verify()[0] == 0
        # The last of long ago is the price of 90 days ago.
        prune("--keep", "90d")
        assert (Price.objects.count(), Symbol.objects.get().kept_from) == (2, 29_999)
        assert verify()[0] == 0


def waits_for_the_pen() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'prune_prices' AND wait_event = 'advisory'"
        )
        return cursor.fetchone() == (1,)
