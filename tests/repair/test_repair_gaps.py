"""`repair_gaps` as a process, against the local exchange over real sockets."""

import random
import subprocess

import pytest
from django.db import connection

from prices.models import Candle, Gap, Price, Symbol
from replay.faults.fault import Fault
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import check, open_gaps, open_tape, recorded

pytestmark = pytest.mark.django_db(transaction=True)


def store(ticks, symbol: str) -> None:
    with open_tape(symbol) as tape:
        for begin in range(0, len(ticks), 2000):
            tape.store(ticks[begin : begin + 2000])


def repair(exchange: Running, *symbols: str) -> tuple[int, str]:
    # All that the files hold has happened.
    exchange.exchange.clock.reached(10**16)
    return finish(manage("repair_gaps", *symbols, exchange=exchange))


def test_every_hole_of_a_real_tape_is_filled(draw: random.Random) -> None:
    """One in a hundred ticks at random, and a stretch of some thousands."""
    ticks = recorded(BTC)
    kept = [
        t
        for n, t in enumerate(ticks)
        if n in (0, len(ticks) - 1) or (draw.random() > 0.01 and not 3000 <= n < 6000)
    ]
    store(kept, "BTCUSDT")
    with local_exchange(BTC) as exchange:
        code, output = repair(exchange)
        judge = exchange.exchange.judge
    assert code == 0, output
    assert f"{len(ticks) - len(kept):,} missing ticks fetched" in output
    assert output.endswith("No trades are missing.\n")
    with open_tape("BTCUSDT") as tape:
        check(tape, ticks)
    assert set(Gap.objects.values_list("status", "source")) == {("repaired", "rest")}
    assert judge.violations() == []


def dump() -> list[list[tuple]]:
    """Every row that is no bookkeeping of gaps."""
    return [list(model.objects.order_by("pk").values_list()) for model in (Price, Candle, Symbol)]


def test_deleted_ticks_come_back_and_no_other_row_changes(draw: random.Random) -> None:
    store(recorded(BTC), "BTCUSDT")
    before = dump()
    keys = list(Price.objects.order_by("pk").values_list("pk", flat=True))
    # The first and the last as well: only the candles still know of them.
    gone = {keys[0], keys[-1], *draw.sample(keys, len(keys) // 100)}
    Price.objects.filter(pk__in=list(gone)).delete()
    with local_exchange(BTC) as exchange:
        exchange.exchange.clock.reached(10**16)
        verified, told = finish(manage("verify_prices", exchange=exchange))
        code, output = repair(exchange)
        again = finish(manage("verify_prices", "--exchange", exchange=exchange))
    assert (verified, "manage.py repair_gaps BTCUSDT" in told) == (1, True), told
    assert code == 0, output
    assert dump() == before
    assert again[0] == 0, again[1]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, output


def test_only_the_symbols_that_were_named() -> None:
    btc, eth = recorded(BTC), recorded(ETH)
    store([btc[0], btc[5]], "BTCUSDT")
    store([eth[0], eth[5]], "ETHUSDT")
    with local_exchange(BTC, ETH) as exchange:
        code, output = repair(exchange, "ETHUSDT")
    assert code == 0, output
    assert open_gaps("ETHUSDT") == []
    assert len(open_gaps("BTCUSDT")) == 1


def test_what_the_exchange_does_not_hand_out_is_a_failure_too() -> None:
    ticks = recorded(BTC)
    store([ticks[0], ticks[9]], "BTCUSDT")
    with local_exchange(BTC) as exchange:
        lost = ticks[4]
        omit = {"first": str(lost.first), "last": str(lost.last)}
        exchange.exchange.faults.start()
        exchange.exchange.faults.add(Fault(name="rest-omit", options=omit))
        code, output = repair(exchange)
    assert code == 1, output
    assert "1 gap cannot be repaired: the exchange does not return these trades." in output
    listed = f"BTCUSDT: trades {lost.first} to {lost.last}, 1 attempt: The exchange does not return"
    assert listed in output
    assert open_gaps() == [(lost.first, lost.last)]


def test_gaps_in_pruned_ranges_are_named_and_no_failure() -> None:
    """Nobody can fill them any more; `verify_prices` says the same of them."""
    ticks = recorded(BTC)
    store([ticks[0], *ticks[9:20]], "BTCUSDT")
    Price.objects.order_by("pk").first().delete()
    Symbol.objects.update(kept_from=ticks[9].first, pruned_through="2020-01-01T00:00Z")
    with local_exchange(BTC) as exchange:
        code, output = repair(exchange)
        verified, told = finish(manage("verify_prices", exchange=exchange))
    assert (code, verified) == (0, 0), output + told
    assert "Skipped: 1 gap in pruned ranges" in output
    assert "1 gap in pruned ranges that are no longer repaired" in told
    assert len(open_gaps()) == 1


def test_a_gap_that_is_left_is_a_failure() -> None:
    ticks = recorded(BTC)
    store([ticks[0], ticks[9]], "BTCUSDT")
    with local_exchange(BTC) as exchange:
        gone = Running(exchange.ws_url, "http://127.0.0.1:1", exchange.exchange)
        process = manage("repair_gaps", exchange=gone)
        eventually_tried(process)
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Missing trades cannot be fetched: Nothing listens at the exchange's address." in output
    assert "Still open: 1 gap. Run this command again later.\n" in output
    assert f"BTCUSDT: trades {ticks[0].last + 1} to {ticks[9].first - 1}, " in output


def eventually_tried(process: subprocess.Popen[str]) -> None:
    eventually(lambda: process.poll() is not None or Gap.objects.filter(attempts__gt=1).exists())


def test_a_whole_tape_asks_for_nothing() -> None:
    store(recorded(BTC)[:100], "BTCUSDT")
    with local_exchange(BTC) as exchange:
        assert repair(exchange) == (0, "No trades are missing.\n")


def test_a_symbol_that_was_never_recorded_is_named() -> None:
    store(recorded(BTC)[:2], "BTCUSDT")
    process = manage("repair_gaps", "XRPUSDT")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output.endswith("XRPUSDT was never recorded. Recorded symbols: BTCUSDT.\n")


@pytest.mark.parametrize("command", ["stream_prices", "repair_gaps", "verify_prices"])
def test_a_database_that_was_not_migrated_is_named(command: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations"
            " WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'prices') RETURNING *"
        )
        (row,) = cursor.fetchall()
    try:
        with local_exchange(BTC, ETH) as exchange:
            code, output = finish(manage(command, exchange=exchange))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", row)
    assert code == 1
    assert output.endswith("The database is not up to date: run `manage.py migrate` first.\n")
