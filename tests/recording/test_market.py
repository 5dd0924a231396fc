"""One tape, one market: whoever comes with another is refused in a sentence."""

import io
import threading
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from prices.models import Candle, Market, Price
from prices.recording.market import OtherMarket, claim
from prices.recording.session import connect
from tests.support.local_exchange import BTC, TRX, local_exchange
from tests.support.recorders import PATIENCE, eventually, manage, recorder
from tests.support.tapes import open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = (
    "This tape belongs to the market binance, but BINANCE_EXCHANGE is {}. For a second tape, "
    "set another PRICETRACKER_HOME, or another database in DATABASE_URL."
)


def test_the_first_claims_it_and_the_others_keep_to_it() -> None:
    with connect("tests") as one, connect("tests") as other:
        claim(one, "binance")
        claim(other, "binance")
        with pytest.raises(
            OtherMarket, match=r"belongs to the market binance, but .* is binanceus\."
        ):
            claim(other, "binanceus")
    assert Market.objects.get().name == "binance"


def test_of_two_at_once_one_has_it() -> None:
    """The second waits for the first, whether that commits or not."""
    outcome = []

    def second() -> None:
        with connect("tests") as database:
            try:
                claim(database, "binanceus")
            except OtherMarket:
                outcome.append("refused")

    with connect("tests") as first:
        with first.transaction():
            claim(first, "binance")
            thread = threading.Thread(target=second)
            thread.start()
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            with connect("tests") as watcher:
                eventually(lambda: watcher.execute(waiting).fetchall())
        thread.join(PATIENCE)
    assert outcome == ["refused"]


def test_an_empty_tape_takes_the_next_market() -> None:
    """Claimed by mistake, and nothing recorded: there is nothing to mix."""
    with connect("tests") as one:
        claim(one, "binanceus")

    def is_claimed() -> bool:
        # The server may take a moment to notice that the first session has ended.
        with connect("tests") as other, suppress(OtherMarket):
            claim(other, "binance")
            return True
        return False

    eventually(is_claimed)
    assert Market.objects.get().name == "binance"


@pytest.mark.parametrize("kept", [Price, Candle])
def test_a_tape_with_anything_on_it_does_not(kept) -> None:
    """A pruned tape may have nothing but candles."""
    with open_tape() as tape:
        claim(tape.database, "binance")
        tape.store([tick(1)])
    for model in {Price, Candle} - {kept}:
        model.objects.all().delete()
    held = "SELECT FROM pg_locks WHERE locktype = 'advisory'"
    with connect("tests") as watcher:
        eventually(lambda: not watcher.execute(held).fetchall())
    with connect("tests") as other, pytest.raises(OtherMarket):
        claim(other, "binanceus")


def test_an_empty_tape_somebody_is_about_to_write_to_does_not() -> None:
    with connect("tests") as one, connect("tests") as other:
        claim(one, "binance")
        with pytest.raises(OtherMarket):
            claim(other, "binanceus")
    assert Market.objects.get().name == "binance"


def test_a_tape_from_before_takes_that_of_the_first_recorder() -> None:
    with open_tape("TRXUSDT") as tape:
        tape.store(recorded(TRX)[:1])
    assert not Market.objects.exists()
    with local_exchange(TRX) as exchange, recorder(exchange, "TRXUSDT"):
        eventually(lambda: Price.objects.count() > 1)
    assert Market.objects.get().name == "binance"


def test_another_recorder_is_refused_and_stores_nothing() -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
        claim(tape.database, "binance")
    with local_exchange(BTC) as other:
        process = manage(
            "stream_prices", "BTCUSDT", exchange=other, BINANCE_EXCHANGE="binance_testnet"
        )
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"CommandError: {REFUSED.format('binance_testnet')}\n" in output
    assert Price.objects.count() == 1


@pytest.mark.parametrize("command", [["repair_gaps"], ["verify_prices", "--exchange"]])
def test_whatever_asks_the_exchange_is_refused(command) -> None:
    with open_tape() as tape:
        tape.store([tick(1), tick(3)])
        claim(tape.database, "binance")
    with override_settings(BINANCE_EXCHANGE="binanceus"), pytest.raises(CommandError) as refused:
        call_command(*command, stdout=io.StringIO())
    assert str(refused.value) == REFUSED.format("binanceus")


def test_an_audit_of_the_tape_alone_needs_no_market() -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
        claim(tape.database, "binance")
    with override_settings(BINANCE_EXCHANGE="binanceus"):
        call_command("verify_prices", stdout=io.StringIO())
