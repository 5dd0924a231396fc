"""Errors of the database: what is waited for, and what ends the recorder with its reason."""

import psycopg
import pytest
from django.db import DatabaseError, connection

from prices.recording.database_errors import Refusal, is_lasting
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.tape import Tape
from tests.support.tapes import tick


@pytest.mark.parametrize(
    "code",
    ["42P01", "42703", "42501", "28P01", "28000", "23505", "22003", "3D000", "53400", "XX001"],
)
def test_no_retry_mends(code: str) -> None:
    assert is_lasting(psycopg.errors.lookup(code)())


@pytest.mark.parametrize(
    "code",
    [
        "53100",
        "53200",
        "53300",
        "25006",
        "55P03",
        "40P01",
        "40001",
        "57P01",
        "57014",
        "25P03",
        "58030",
    ],
)
def test_passes_by_itself(code: str) -> None:
    assert not is_lasting(psycopg.errors.lookup(code)())


def test_an_error_without_a_code_is_of_the_connection() -> None:
    assert not is_lasting(psycopg.OperationalError("the connection is lost"))


@pytest.mark.django_db
def test_a_wrapped_error_is_told_by_its_cause() -> None:
    with pytest.raises(DatabaseError) as raised:
        connection.cursor().execute("SELECT FROM nowhere")
    assert is_lasting(raised.value)


@pytest.mark.django_db(transaction=True)
class TestWaiting:
    def steady(self, slept: list[float]) -> ReconnectingTape:
        return ReconnectingTape(lambda: Tape(connect("tests")), ["BTCUSDT"], sleep=slept.append)

    def test_a_table_that_is_not_there_ends_it(self) -> None:
        slept: list[float] = []
        tape = self.steady(slept)
        tape.opened()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE prices_candle RENAME TO elsewhere")
        try:
            with pytest.raises(Refusal, match='relation "prices_candle" does not exist'):
                tape.insist(lambda tape: tape.store([tick(1)]))
            for use in (tape.once, tape.attempt):
                with pytest.raises(Refusal):
                    use(lambda tape: tape.store([tick(1)]))
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE elsewhere RENAME TO prices_candle")
            tape.close()
        assert slept == []

    def test_a_database_that_comes_back_is_waited_for(self) -> None:
        tape = self.steady(slept := [])
        tape.opened().database.close()
        assert tape.insist(lambda tape: tape.store([tick(1)])).ticks == 1
        tape.close()
        assert len(slept) == 1
