"""Readers that keep a transaction open, and whoever records, prunes, verifies or migrates
beside.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, migrations, transaction
from django.db.migrations.state import ProjectState

from prices.exchange.messages import AggTrade
from prices.management.commands.start import begin_anew
from prices.management.prices_view import ATTEMPTS, PAUSE, NotPrepared, prepare
from prices.models import Candle, Price, Symbol
from prices.patience import Patiently
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Tape
from prices.recording.tape_ticks import newest_ticks
from tests.support.audits import audit
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.recorders import PATIENCE, database_url, eventually, manage, recorder
from tests.support.signalled import command
from tests.support.tapes import TAKE_LOCKS, open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("prices", "prices_price", "prices_candle", "prices_gap", "prices_symbol")

# A `lock_timeout` of tests: nothing here waits for anything but locks that are held.
AT_ONCE = "SET lock_timeout = '20ms'"

# A site of little patience, in a process of its own.
ASK = """
from django.db import connection
from django.test import Client
from pricetracker.sharing import share_database

share_database(patience=0.3)
client = Client(SERVER_NAME="localhost")
for path in ("/latest", "/api/prices/", "/"):
    print(path, client.get(path).status_code)
with connection.cursor() as cursor:
    cursor.execute("SHOW idle_in_transaction_session_timeout")
    print("idle", *cursor.fetchone())
"""


@contextmanager
def session(*statements: str) -> Iterator[psycopg.Connection]:
    """A transaction that ran some statements and then stays open, as psql's without autocommit."""
    with connect(application_name="report") as database:
        database.execute("SET idle_in_transaction_session_timeout = 0")
        database.autocommit = False
        for statement in statements:
            database.execute(statement)
        yield database
        assert database.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        database.rollback()


@pytest.fixture
def reader() -> Iterator[psycopg.Connection]:
    """Has read the view and each table."""
    with session(*(f"TABLE {name}" for name in TABLES)) as database:
        yield database


@pytest.fixture
def hurried() -> Iterator[Tape]:
    """A tape that would report within milliseconds that it waits for a lock."""
    with open_tape("BTCUSDT") as tape:
        tape.database.execute(AT_ONCE)
        yield tape


@pytest.fixture
def impatient() -> Iterator[None]:
    """Whoever waits for a lock in this process fails, and does not wait on."""

    def refuse(record: logging.LogRecord) -> bool:
        raise AssertionError(record.getMessage())

    logger = logging.getLogger("prices.patience")
    logger.addFilter(refuse)
    yield
    logger.removeFilter(refuse)


def has_branch(name: str) -> bool:
    """Whether the view has a branch of this symbol's own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_viewdef('prices'::regclass)")
        return f"'{name}'" in cursor.fetchone()[0]


def waits(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if "lock" in record.getMessage()]


@pytest.mark.usefixtures("impatient")
class TestIdleReader:
    def test_holds_up_no_writing(self, hurried, reader, caplog) -> None:
        hurried.store([tick(1), tick(5, 1)])
        # The second is new: nothing changes the view for it.
        hurried.register(["BTCUSDT", "ETHUSDT"])
        hurried.store([tick(1, symbol="ETHUSDT")])
        hurried.fill("BTCUSDT", [tick(2, 0.5)])
        hurried.void("BTCUSDT", 3, 4)
        hurried.note("BTCUSDT", [])
        hurried.refold("BTCUSDT", [])
        hurried.withdraw()
        assert waits(caplog) == []
        assert Price.objects.count() == 4

    def test_of_the_strictest_kind_holds_up_none(self, hurried, caplog) -> None:
        with session("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT count(*) FROM prices"):
            hurried.store([tick(1), tick(5, 1)])
        assert waits(caplog) == []

    def test_holds_up_no_recorder_that_starts(self, reader) -> None:
        with local_exchange(BTC, ETH, speed=10, loop=True) as exchange:
            with recorder(exchange, "BTCUSDT"):
                self.await_ticks("BTCUSDT")
            # Again, with a symbol that is known and one that is new.
            with recorder(exchange, "BTCUSDT", "ETHUSDT"):
                self.await_ticks("ETHUSDT")

    def test_holds_up_no_recorder_that_reconnects(self, reader) -> None:
        with (
            local_exchange(BTC, ETH, speed=10, loop=True) as exchange,
            recorder(exchange, "BTCUSDT", "ETHUSDT"),
        ):
            self.await_ticks("BTCUSDT")
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'stream_prices'"
                )
            self.await_ticks("BTCUSDT")
            self.await_ticks("ETHUSDT")

    def test_holds_up_no_start(self, hurried, tmp_path) -> None:
        """Neither of a symbol that is new; once nobody reads the view, it is prepared for it."""
        names = ["start", "ETHUSDT", "--port", "0"]
        prepare(connection, [])
        with local_exchange(BTC, ETH, speed=10, loop=True) as exchange:
            environment = {"DATABASE_URL": database_url(), "BINANCE_WS_URL": exchange.ws_url}
            environment["BINANCE_REST_URL"] = exchange.rest_url
            with (
                session("TABLE prices"),
                command(*names, log=tmp_path / "held", **environment) as start,
            ):
                self.await_ticks("ETHUSDT")
                assert "The SQL view prices is read slowly by new symbols" in start.said()
                assert not has_branch("ETHUSDT")
                start.process.terminate()
                assert start.ended() == 0
            with command(*names, log=tmp_path / "free", **environment) as start:
                self.await_ticks("ETHUSDT")
                assert has_branch("ETHUSDT")
                start.process.terminate()
                assert start.ended() == 0
                assert "view" not in start.said()

    def await_ticks(self, symbol: str) -> None:
        """More of them than there are."""
        ticks = Price.objects.filter(symbol__name=symbol)
        known = ticks.count()
        eventually(lambda: ticks.count() > known)

    @pytest.mark.parametrize(
        "command", [["migrate"], ["prune_prices", "--keep", "2d"], ["verify_prices"]]
    )
    def test_holds_up_no_command(self, hurried, reader, command: list[str]) -> None:
        hurried.store([tick(1)])
        self.succeeds(*command)

    def test_holds_up_no_pruning(self, hurried, reader) -> None:
        hurried.store([tick(n, n * 86_400) for n in range(1, 5)])
        assert "3 ticks pruned" in self.succeeds("prune_prices", "--keep", "2d")
        assert Price.objects.count() == 1

    def test_holds_up_no_refold(self, hurried, reader) -> None:
        hurried.store([tick(1)])
        hurried.database.execute("UPDATE prices_candle SET low = 1")
        assert "1 candle rebuilt" in self.succeeds("verify_prices", "--refold")
        assert Candle.objects.get().low == Price.objects.get().price

    def test_holds_up_no_removal(self, hurried, reader) -> None:
        misdated = tick(11, -86_400)
        hurried.store([*(tick(n, n) for n in range(1, 11)), misdated, tick(12, 12)])
        output = self.ends_with(1, "verify_prices", "--remove-misdated")
        assert "1 misdated tick removed" in output
        assert not Price.objects.filter(first_trade=misdated.first).exists()

    def test_holds_up_no_repair(self, hurried, reader) -> None:
        ticks = recorded(BTC)[:2000]
        hurried.store([tick for n, tick in enumerate(ticks) if not 500 < n < 600])
        with local_exchange(BTC) as exchange:
            exchange.exchange.clock.reached(10**16)
            self.succeeds("repair_gaps", exchange=exchange)
        assert Price.objects.count() == len(ticks)

    def succeeds(self, *command: str, exchange: Running | None = None) -> str:
        return self.ends_with(0, *command, exchange=exchange)

    def ends_with(self, code: int, *command: str, exchange: Running | None = None) -> str:
        process = manage(*command, exchange=exchange)
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == code, output
        assert "Waiting for a database lock" not in output, output
        return output


class TestView:
    def rows(self) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT symbol, first_trade FROM prices ORDER BY timestamp DESC, id DESC"
            )
            return cursor.fetchall()

    def plan(self, name: str) -> str:
        with transaction.atomic(), connection.cursor() as cursor:
            # Of a few rows the planner would read all and sort them.
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(
                "EXPLAIN SELECT * FROM prices WHERE symbol = %s ORDER BY timestamp DESC LIMIT 1",
                [name],
            )
            return "\n".join(row[0] for row in cursor.fetchall())

    def test_has_the_ticks_of_a_symbol_that_is_new(self, hurried, reader) -> None:
        hurried.register(["BTCUSDT", "ETHUSDT", "NEWUSDT"])
        hurried.store([tick(1), tick(2, 1, symbol="NEWUSDT"), tick(3, 2)])
        assert self.rows() == [("BTCUSDT", 3), ("NEWUSDT", 2), ("BTCUSDT", 1)]

    @pytest.mark.parametrize("registered", [False, True])
    def test_is_read_by_index_once_it_is_prepared(self, hurried, registered: bool) -> None:
        if registered:
            hurried.register(["NEWUSDT"])
        assert not has_branch("NEWUSDT")
        prepare(connection, ["NEWUSDT", "NEWUSDT"])
        hurried.register(["BTCUSDT", "NEWUSDT", "OTHERUSDT"])
        ticks = [tick(n, n, symbol=name) for n in (1, 2) for name in ("NEWUSDT", "OTHERUSDT")]
        hurried.store([*ticks, tick(3, 3)])
        for name in ("BTCUSDT", "NEWUSDT"):
            assert "Index Scan Backward using price_symbol_timestamp" in self.plan(name)
        found = [("BTCUSDT", 3), ("OTHERUSDT", 2), ("NEWUSDT", 2), ("OTHERUSDT", 1), ("NEWUSDT", 1)]
        assert self.rows() == found

    def test_is_changed_no_more_once_it_is_prepared(self, hurried) -> None:
        prepare(connection, ["BTCUSDT", "NEWUSDT"])
        with session("TABLE prices"):
            prepare(connection, ["NEWUSDT", "BTCUSDT"], sleep=unexpected)

    def test_is_left_alone_while_somebody_reads_it(self, hurried, reader) -> None:
        pauses: list[float] = []
        with pytest.raises(NotPrepared) as refused:
            prepare(connection, ["NEWUSDT"], sleep=pauses.append)
        assert f"report (pid {reader.info.backend_pid}, idle in transaction, " in str(refused.value)
        assert pauses == [PAUSE] * (ATTEMPTS - 1)
        assert not has_branch("NEWUSDT")

    def test_is_prepared_as_soon_as_nobody_reads_it(self, hurried, reader) -> None:
        prepare(connection, ["NEWUSDT"], sleep=lambda _: reader.rollback())
        assert has_branch("NEWUSDT")
        reader.execute("SELECT 1")

    def test_is_left_alone_where_it_belongs_to_another(self, hurried) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE ROLE reader")
            cursor.execute("GRANT SELECT ON prices_symbol TO reader")
            cursor.execute("SET LOCAL ROLE reader")
            with pytest.raises(NotPrepared, match="belongs to another user"):
                prepare(connection, ["NEWUSDT"], sleep=unexpected)
            transaction.set_rollback(True)

    def test_is_prepared_by_migrate_for_what_is_recorded_next(self, hurried, settings) -> None:
        settings.TRACKED_SYMBOLS = ("ONEUSDT",)
        call_command("migrate", verbosity=0)
        assert has_branch("ONEUSDT")
        call_command("migrate", "--symbols", "TWOUSDT", verbosity=0)
        assert has_branch("BTCUSDT")
        assert has_branch("TWOUSDT")

    def test_in_use_is_reported_by_migrate_and_no_failure(self, hurried, reader, capsys) -> None:
        call_command("migrate", "--symbols", "NEWUSDT", verbosity=0)
        said = capsys.readouterr().err
        assert "The SQL view prices is read slowly" in said
        assert f"report (pid {reader.info.backend_pid}, " in said

    def test_has_a_symbol_that_got_its_number_earlier(self, hurried) -> None:
        with session("INSERT INTO prices_symbol (name) VALUES ('XRPUSDT')") as open_one:
            hurried.register(["BTCUSDT", "ETHUSDT"])
            prepare(connection, ["NEWUSDT"])
            open_one.commit()
            hurried.register(["XRPUSDT"])
            hurried.store([tick(7, symbol="XRPUSDT")])
            assert self.rows() == [("XRPUSDT", 7)]
            open_one.execute("SELECT 1")

    @pytest.mark.parametrize("name", ["XBTUSDT", "NEWUSDT"])
    def test_follows_a_symbol_that_is_renamed(self, hurried, name: str) -> None:
        hurried.store([tick(1)])
        prepare(connection, ["NEWUSDT"])
        Symbol.objects.filter(name="BTCUSDT").update(name=name)
        assert self.rows() == [(name, 1)]


def unexpected(seconds: float) -> None:
    raise AssertionError("it had to wait")


REFUSE_DDL = """
CREATE SEQUENCE refused_ddl;
CREATE FUNCTION refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What a sequence has counted stays when the transaction is rolled back.
    PERFORM nextval('refused_ddl');
    RAISE EXCEPTION '% is refused', tg_tag;
END $$;
CREATE EVENT TRIGGER refuse_ddl ON ddl_command_start EXECUTE FUNCTION refuse_ddl()
"""
# An event trigger does not fire for what concerns event triggers.
ALLOW_DDL = "DROP EVENT TRIGGER refuse_ddl; DROP FUNCTION refuse_ddl(); DROP SEQUENCE refused_ddl"


@pytest.fixture
def refused() -> Iterator[Callable[[], int]]:
    """The database refuses every statement that defines something. Returns how many it refused."""

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM refused_ddl WHERE is_called")
            return sum(row[0] for row in cursor.fetchall())

    with connection.cursor() as cursor:
        cursor.execute(REFUSE_DDL)
    yield count
    with connection.cursor() as cursor:
        cursor.execute(ALLOW_DDL)


class TestRecorder:
    def test_runs_no_ddl(self, refused) -> None:
        """Registers symbols, records, repairs, reconnects, alone and beside another."""
        with (
            local_exchange(BTC, ETH, speed=10, loop=True) as exchange,
            recorder(exchange, "BTCUSDT"),
        ):
            eventually(lambda: Price.objects.exists())
            with recorder(exchange, "BTCUSDT", "ETHUSDT"):
                eventually(lambda: Price.objects.filter(symbol__name="ETHUSDT").exists())
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'stream_prices'"
                    )
                known = Price.objects.count()
                eventually(lambda: Price.objects.count() > known + 1000)
        assert refused() == 0


class TestLockThatIsHeld:
    @pytest.mark.parametrize(
        ("statement", "held"),
        [
            (TAKE_LOCKS, "the writer lock"),
            ("LOCK TABLE prices_price IN SHARE MODE", "ShareLock on prices_price"),
            ("SELECT * FROM prices_symbol FOR UPDATE", "RowShareLock on prices_symbol"),
        ],
    )
    def test_is_reported_with_its_holder_and_waited_for(
        self, hurried, caplog, statement: str, held: str
    ) -> None:
        with session(statement) as holder:
            pid = holder.info.backend_pid
            number = hurried.numbers["BTCUSDT"]

            def write() -> None:
                hurried.store([tick(1)])
                hurried.withdraw()

            writing = threading.Thread(target=write)
            writing.start()
            eventually(lambda: waits(caplog))
            holder.rollback()
            writing.join(PATIENCE)
            holder.execute("SELECT 1")
        said = waits(caplog)[0]
        assert f"report (pid {pid}, idle in transaction, " in said
        assert held in said
        assert Price.objects.get().symbol_id == number

    def test_is_not_called_a_database_that_is_away(self, caplog) -> None:
        with local_exchange(BTC) as exchange, session(TAKE_LOCKS) as holder:
            process = manage("stream_prices", "BTCUSDT", exchange=exchange)
            lines: list[str] = []
            while "the writer lock" not in "".join(lines):
                line = process.stdout.readline() if process.stdout else ""
                assert line, "".join(lines)
                lines.append(line)
            holder.rollback()
            eventually(lambda: Price.objects.exists())
            process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output
            assert "away" not in "".join(lines) + output
            holder.execute("SELECT 1")

    def test_of_the_whole_table_is_waited_for_by_an_audit(self, hurried, caplog) -> None:
        hurried.store([tick(1)])
        ended: list[bool] = []
        with session("LOCK TABLE prices_candle") as holder:
            auditing = threading.Thread(target=lambda: ended.append(audit(hurried).is_complete))
            auditing.start()
            eventually(lambda: waits(caplog))
            holder.rollback()
            auditing.join(PATIENCE)
            holder.execute("SELECT 1")
        assert "AccessExclusiveLock on prices_candle" in waits(caplog)[0]
        assert ended == [True]

    def test_keeps_no_demo_from_saying_what_it_waits_for(self, hurried, reader, caplog) -> None:
        hurried.store([tick(1)])
        beginning = threading.Thread(target=begin_anew, args=[hurried.database])
        beginning.start()
        eventually(lambda: waits(caplog))
        reader.rollback()
        beginning.join(PATIENCE)
        assert "AccessShareLock on prices_price" in waits(caplog)[0]
        assert not Price.objects.exists()
        reader.execute("SELECT 1")

    def test_keeps_a_request_for_no_longer_than_it_is_patient(self) -> None:
        with session("LOCK TABLE prices_symbol, prices_price"):
            process = manage("shell", "--no-imports", "--command", ASK)
            output, _ = process.communicate(timeout=PATIENCE)
        assert "/latest 503" in output
        assert "/api/prices/ 503" in output
        assert "/ 503" in output
        assert "lock timeout" in output
        assert "idle 30s" in output


class TestCommand:
    """A command that meets a lock says what it waits for and who holds it, and goes on or stops."""

    COMMANDS: ClassVar = [
        ("stream_prices", "prices_market"),
        ("stream_prices", "django_migrations"),
        ("stream_prices", "prices_symbol"),
        ("repair_gaps", "django_migrations"),
        ("repair_gaps", "prices_gap"),
        ("verify_prices", "prices_symbol"),
        ("prune_prices", "prices_price"),
        ("migrate", "django_migrations"),
    ]

    @contextmanager
    def waiting(self, command: str, table: str) -> Iterator[tuple[Any, psycopg.Connection]]:
        """The command, which has said so, and the session that holds the lock."""
        arguments = {"prune_prices": ["--keep", "2d"], "stream_prices": ["BTCUSDT"]}
        with (
            open_tape(),
            local_exchange(BTC) as exchange,
            session(f"LOCK TABLE {table}") as holder,
        ):
            process = manage(command, *arguments.get(command, []), exchange=exchange)
            try:
                lines: list[str] = []
                while f"AccessExclusiveLock on {table}" not in "".join(lines):
                    line = process.stdout.readline() if process.stdout else ""
                    assert line, "".join(lines)
                    lines.append(line)
                said = "".join(lines)
                assert "Waiting for a database lock to " in said
                assert f"report (pid {holder.info.backend_pid}, idle in transaction, " in said
                yield process, holder
            finally:
                process.kill()
                process.communicate()

    @pytest.mark.parametrize(("command", "table"), COMMANDS)
    def test_goes_on_when_the_lock_is_released(self, command: str, table: str) -> None:
        with self.waiting(command, table) as (process, holder):
            holder.rollback()
            if command == "stream_prices":
                eventually(lambda: Price.objects.exists())
                process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output
            holder.execute("SELECT 1")

    @pytest.mark.parametrize(("command", "table"), COMMANDS)
    def test_ends_when_it_is_told_to(self, command: str, table: str) -> None:
        with self.waiting(command, table) as (process, _):
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode == 0) == (command == "stream_prices"), output
            assert "Traceback" not in output


class TestTape:
    def test_waits_for_a_lock_whatever_it_is_used_for(self, caplog) -> None:
        """A lock that is held is no database that is unavailable."""

        def hurried() -> Tape:
            tape = Tape(connect("tests"))
            tape.database.execute(AT_ONCE)
            return tape

        reconnecting = ReconnectingTape(hurried, ["BTCUSDT"])
        reconnecting.insist(lambda tape: tape.store([tick(1)]))
        found: list[list[AggTrade]] = []
        uses = [
            partial(reconnecting.insist, lambda tape: newest_ticks(tape, "BTCUSDT", 2e9)),
            partial(reconnecting.once, lambda tape: newest_ticks(tape, "BTCUSDT", 2e9)),
        ]
        for use in uses:
            caplog.clear()
            with session("LOCK TABLE prices_price") as holder:
                using = threading.Thread(target=lambda use=use: found.append(use()))
                using.start()
                eventually(lambda: waits(caplog))
                holder.rollback()
                using.join(PATIENCE)
                holder.execute("SELECT 1")
            assert "unavailable" not in caplog.text
        assert [[row.first for row in rows] for rows in found] == [[1], [1]]
        reconnecting.close()


class TestMigration:
    def run(self, operation: Patiently) -> None:
        with connection.schema_editor() as editor:
            operation.database_forwards("prices", editor, ProjectState(), ProjectState())

    def test_says_who_holds_it_up_and_ends(self, reader, caplog) -> None:
        naps: list[float] = []
        change = migrations.RunSQL("ALTER TABLE prices_gap ADD COLUMN tried integer")
        with pytest.raises(CommandError) as ended, caplog.at_level(logging.WARNING):
            self.run(Patiently(change, attempts=2, sleep=naps.append))
        assert f"report (pid {reader.info.backend_pid}, idle in transaction, " in str(ended.value)
        assert "AccessShareLock on prices_gap" in str(ended.value)
        assert len(naps) == len(waits_to_change(caplog)) == 1

    def test_goes_on_when_the_reader_ends(self, reader) -> None:
        change = migrations.RunSQL("ALTER TABLE prices_gap ADD COLUMN tried integer")
        undo = migrations.RunSQL("ALTER TABLE prices_gap DROP COLUMN tried")
        self.run(Patiently(change, undo, sleep=lambda _: reader.rollback()))
        reader.execute("SELECT 1")

    def test_back_and_forth_keeps_the_view(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1)])
            call_command("migrate", "prices", "0007", verbosity=0)
            assert TestView().rows() == [("BTCUSDT", 1)]
            call_command("migrate", "prices", verbosity=0)
            assert TestView().rows() == [("BTCUSDT", 1)]


def waits_to_change(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if "Waiting to change" in r.getMessage()]
