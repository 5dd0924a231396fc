"""`manage.py verify_prices`: what it says, to whom, and how it ends."""

import signal

import pytest
from django.core.management import CommandError
from django.db import connection

from tests.support.audits import verify
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import open_gaps, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)


class TestCommand:
    def test_tells_of_every_symbol_on_the_tape(self) -> None:
        with open_tape("ETHUSDT", "BTCUSDT", "SOLUSDT") as tape:
            tape.store([tick(1), tick(2, symbol="ETHUSDT", trades=3)])
        ended, said = verify()
        assert ended == 0
        assert said.splitlines() == [
            "BTCUSDT: complete, 1 tick, 1 trade, 1 minute",
            "ETHUSDT: complete, 1 tick, 3 trades, 1 minute",
            "SOLUSDT: no tick yet",
        ]

    def test_ends_with_1_when_a_hole_is_known_and_when_it_was_not(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1), tick(2), tick(3)])
            tape.database.execute("DELETE FROM prices_price WHERE first_trade & 3 = 2")
        for known in ("1 unknown gap (1 trade)", "1 known gap (1 trade)"):
            ended, said = verify("btcusdt")
            assert ended == 1
            assert said.startswith(f"BTCUSDT: {known}")
            assert open_gaps() == [(2, 2)]

    def test_refolds_when_told_to(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1)])
            tape.database.execute("UPDATE prices_candle SET low = 1")
        assert verify()[0] == 1
        line = "BTCUSDT: complete, 1 tick, 1 trade, 1 minute, 1 candle rebuilt\n"
        assert verify("--refold") == (0, line)
        assert verify()[0] == 0

    def test_one_symbol_is_not_judged_by_another(self) -> None:
        with open_tape("BTCUSDT", "ETHUSDT") as tape:
            tape.store([tick(1), tick(9), tick(1, symbol="ETHUSDT")])
        assert verify("ETHUSDT") == (0, "ETHUSDT: complete, 1 tick, 1 trade, 1 minute\n")
        assert verify("ETHUSDT", "BTCUSDT")[0] == 1

    def test_refuses_a_symbol_that_was_never_recorded(self) -> None:
        with open_tape("BTCUSDT", "ETHUSDT"):
            pass
        sentence = r"^DOGEUSDT was never recorded\. Recorded symbols: BTCUSDT, ETHUSDT\.$"
        with pytest.raises(CommandError, match=sentence):
            verify("BTCUSDT", "DOGEUSDT")

    def test_of_an_empty_tape_there_is_nothing_to_tell(self) -> None:
        assert verify() == (0, "")

    def test_ctrl_c_ends_it_at_once(self) -> None:
        with open_tape() as tape:
            tape.store([tick(1)])
            with tape.database.transaction():
                # On a busy machine the command starts later than a recorder may idle.
                tape.database.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                tape.database.execute("LOCK TABLE prices_price")
                process = manage("verify_prices")
                try:
                    eventually(waits_for_a_lock)
                    process.send_signal(signal.SIGINT)
                    output, _ = process.communicate(timeout=PATIENCE)
                finally:
                    process.kill()
                    process.communicate()
        assert (process.returncode, output) == (130, "")


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'verify_prices' AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() == (1,)
