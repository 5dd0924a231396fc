"""`--exchange`: the tape against the exchange's own klines, over real sockets."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prices.exchange.klines import ATTEMPTS, minutes
from prices.exchange.messages import AggTrade
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Refused, Unanswered
from prices.minutes import EPOCH, MINUTE
from prices.models import Price
from prices.recording.tape import Tape
from tests.support.audits import verify
from tests.support.faulty_server import Peer, Script, faulty
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.tapes import START, open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

# A minute that both recordings hold from end to end.
WHOLE = datetime(2024, 8, 9, 0, 0, tzinfo=UTC)

COMPLETE = (
    "complete, 11,349 ticks, 19,904 trades, 12 minutes, 10 minutes compared with the exchange's"
)


@pytest.fixture
def exchange(settings) -> Iterator[Running]:
    """An exchange where all that was recorded has happened."""
    with local_exchange(BTC, ETH) as running:
        last = max(tick.traded for file in (BTC, ETH) for tick in recorded(file))
        running.exchange.clock.reached(last * 1_000)
        settings.BINANCE_REST_URL = running.rest_url
        yield running


@pytest.fixture
def tape() -> Iterator[Tape]:
    with open_tape("BTCUSDT") as tape:
        tape.store(recorded(BTC))
        yield tape


def tamper(tape: Tape, change: str) -> None:
    """Change one tick of a whole minute, and its candle with it, so that the tape agrees with
    itself.
    """
    tape.database.execute(
        f"UPDATE prices_price SET {change} WHERE first_trade = %s",  # noqa: S608 - from a test
        [middle(WHOLE).first_trade],
    )
    tape.refold("BTCUSDT", [WHOLE])
    assert verify()[0] == 0


def middle(minute: datetime) -> Price:
    """A tick in the midst of a minute."""
    return Price.objects.filter(timestamp__gte=minute).order_by("pk")[50]


def quiet(*seconds: int) -> list[AggTrade]:
    """Ticks of a market in which little happens: at some seconds from START."""
    return [tick(n, second, symbol="AUSDT") for n, second in enumerate(seconds)]


@contextmanager
def market(folder: Path, ticks: list[AggTrade]) -> Iterator[Running]:
    """An exchange where these ticks have happened."""
    file = folder / "AUSDT-aggTrades-2025-07-03.csv"
    rows = [
        f"{t.first},{t.price},{t.quantity},{t.first},{t.last},{t.traded},True,True" for t in ticks
    ]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with local_exchange(file) as running:
        running.exchange.clock.reached(ticks[-1].traded)
        yield running


def kline(minute: datetime) -> list[Any]:
    opens = (minute - EPOCH) // timedelta(microseconds=1)
    return [opens, "1", "1", "1", "1", "1", opens + 59_999_999, "1", 1, "1", "1", "0"]


class TestComparison:
    def test_what_the_exchange_made_of_the_same_trades_agrees(self, exchange, tape) -> None:
        assert verify("--exchange") == (0, f"BTCUSDT: {COMPLETE}\n")

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("price = 70000.5", "high: the exchange has 61744.37, its ticks make 70000.5"),
            ("price = 0.00000001", "low: the exchange has 61630.88, its ticks make 0.00000001"),
            (
                "quantity = quantity + 0.00000001",
                "volume: the exchange has 34.0818, its ticks make 34.08180001",
            ),
        ],
    )
    def test_one_tick_that_was_changed_is_found(self, exchange, tape, change, told) -> None:
        tamper(tape, change)
        ended, said = verify("--exchange")
        first, second, advice = said.splitlines()
        assert ended == 1
        assert first.startswith("BTCUSDT: 1 minute different from the exchange's; 11,349 ticks")
        assert second == f"    minute 2024-08-09T00:00:00Z: {told}"
        assert "Delete them in manage.py dbshell" in advice

    def test_a_minute_that_an_open_gap_touches_is_not_compared(self, exchange, tape) -> None:
        tape.database.execute(
            "DELETE FROM prices_price WHERE first_trade = %s", [middle(WHOLE).first_trade]
        )
        ended, said = verify("--exchange")
        assert ended == 1
        assert "9 minutes compared" in said
        assert "unlike" not in said

    def test_what_the_exchange_does_not_show_yet_is_not_compared(self, settings, tape) -> None:
        with local_exchange(BTC, ETH) as running:
            # Of the minute before nothing more will come, but only a later kline proves that.
            running.exchange.clock.reached(int(WHOLE.timestamp() * 1_000_000) - 10_000_000)
            settings.BINANCE_REST_URL = running.rest_url
            line = COMPLETE.replace("10 minutes", "4 minutes")
            assert verify("--exchange") == (0, f"BTCUSDT: {line}\n")

    def test_minutes_in_which_nobody_traded_agree(self, settings, tmp_path) -> None:
        ticks = quiet(0, 61, 301, 400)
        with market(tmp_path, ticks) as exchange, open_tape("AUSDT") as tape:
            settings.BINANCE_REST_URL = exchange.rest_url
            tape.store(ticks)
            counted = "4 ticks, 4 trades, 4 minutes, 5 minutes compared with the exchange's"
            assert verify("--exchange") == (0, f"AUSDT: complete, {counted}\n")

    def test_a_minute_of_whose_trades_the_tape_knows_nothing(self, settings, tmp_path) -> None:
        ticks = quiet(0, 61, 130, 301, 400)
        with market(tmp_path, ticks) as exchange, open_tape("AUSDT") as tape:
            settings.BINANCE_REST_URL = exchange.rest_url
            tape.store([tick for tick in ticks if tick.first != 2])
            tape.void("AUSDT", 2, 2)
            ended, said = verify("--exchange")
        assert ended == 1
        assert "minute 2025-07-03T08:32:00Z: no ticks, but the exchange counts 1 trade" in said

    def test_a_minute_of_which_the_exchange_has_no_kline(self, settings, tape) -> None:
        rows = [kline(minute) for minute in (WHOLE - 5 * MINUTE, WHOLE + 5 * MINUTE)]
        with faulty(answer(rows)) as url:
            settings.BINANCE_REST_URL = http(url)
            ended, said = verify("--exchange")
        assert ended == 1
        assert said.count("the tape has ticks, but the exchange has no kline") == 9


class TestUnanswered:
    def test_is_said_and_ends_with_1(self, settings, tape) -> None:
        settings.BINANCE_REST_URL = "http://127.0.0.1:9"
        told = io.StringIO()
        ended, said = verify("--exchange", stderr=told)
        assert ended == 1
        assert said.startswith("BTCUSDT: complete, 11,349 ticks")
        assert told.getvalue().startswith("BTCUSDT could not be compared with the exchange: ")

    def test_an_unlisted_symbol_does_not_keep_others_uncompared(self, exchange, tape) -> None:
        with open_tape("AUSDT") as other:
            other.store(quiet(0, 61, 301, 400))
        told = io.StringIO()
        ended, said = verify("--exchange", stderr=told)
        assert ended == 1
        assert f"BTCUSDT: {COMPLETE}\n" in said
        assert told.getvalue() == (
            "AUSDT could not be compared with the exchange: The exchange refused the "
            "request with HTTP 400. Invalid symbol.\n"
        )


class TestKlines:
    def test_come_page_by_page(self, tmp_path) -> None:
        ticks = quiet(0, 60 * 2500)
        end = START + 3000 * MINUTE
        with market(tmp_path, ticks) as exchange, Rest(exchange.rest_url) as rest:
            found = [kline.minute for kline in minutes(rest, "AUSDT", START + MINUTE, end)]
        assert found == [START + n * MINUTE for n in range(1, 2501)]

    def test_are_exact(self, tmp_path) -> None:
        ticks = quiet(0, 1)
        with market(tmp_path, ticks) as exchange, Rest(exchange.rest_url) as rest:
            (found,) = minutes(rest, "AUSDT", START, START + MINUTE)
        assert [str(value) for value in found.values] == ["100.00000000"] * 4 + ["2.00000000"]
        assert found.trades == 2

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>",
            b'[[1751531400000000,"1",',
            b'{"code":0}',
            b'[[1751531400000000,1,1,1,1,1,1751531459999999,"1",1]]',
            b'[[1751531400000000,"1","1","1","1","x",1751531459999999,"1",1]]',
            b'[[1751531400000000,"1","1","1","1","1",1751531459999999,"1",-1]]',
            json.dumps([["minute before"]]).encode(),
        ],
    )
    def test_that_make_no_sense_are_retried_and_given_up(self, body) -> None:
        check_unanswered(body)

    def test_of_other_minutes_than_those_asked_for_make_no_sense(self) -> None:
        for rows in (
            [kline(START - MINUTE)],
            [kline(START + 10 * MINUTE)],
            [kline(START + MINUTE), kline(START)],
            [kline(START), kline(START)],
            [kline(START + timedelta(seconds=1))],
        ):
            check_unanswered(json.dumps(rows).encode())

    def test_are_taken_when_a_second_answer_is_good(self) -> None:
        waits: list[float] = []
        scripts = [reply(b"<html>"), answer([kline(START)])]
        with faulty(*scripts) as url, Rest(http(url), sleep=waits.append) as rest:
            (found,) = minutes(rest, "AUSDT", START, START + 10 * MINUTE)
        assert found.minute == START
        assert len(waits) == 1

    def test_are_not_asked_for_again_when_the_exchange_objects(self) -> None:
        objection = b'{"code":-1121,"msg":"Invalid symbol."}'
        scripts = [lambda peer: peer.refuse("400 Bad Request", objection)]
        with faulty(*scripts) as url, Rest(http(url)) as rest, pytest.raises(Refused):
            list(minutes(rest, "AUSDT", START, START + MINUTE))


def check_unanswered(body: bytes) -> None:
    waits: list[float] = []
    with (
        faulty(*[reply(body)] * ATTEMPTS) as url,
        Rest(http(url), sleep=waits.append) as rest,
        pytest.raises(Unanswered, match=r"^The exchange sent .*klines"),
    ):
        list(minutes(rest, "AUSDT", START, START + 10 * MINUTE))
    assert len(waits) == ATTEMPTS - 1


def reply(body: bytes) -> Script:
    """One answer on a connection; the next question comes on another."""
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(head + body)

    return script


def answer(rows: list[list[Any]]) -> Script:
    return reply(json.dumps(rows).encode())


def http(url: str) -> str:
    return url.replace("ws://", "http://")
