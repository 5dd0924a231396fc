"""Live push over HTTP: a real site, a real recorder's tape, and readers that come, stay and go."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import connection
from django.test import Client

from prices.channels import GAPS, TICKS
from prices.models import Candle, Gap
from prices.recording.session import connect
from prices.recording.store import tell
from prices.recording.tape import Tape
from tests.support.recorded import START, recorded_tape, tick
from tests.support.recorders import PATIENCE, PROJECT, database_url, eventually
from tests.support.sites import Site, running_site


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with django_db_blocker.unblock(), running_site() as site:
        yield site


@pytest.fixture
def tape(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape
    # Readers are gone: nobody may be reading when the tables are emptied.
    eventually(lambda: listeners() == 0)


def listeners() -> int:
    """Database sessions of live push."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live_push'"
            " AND datname = current_database()"
        )
        return cursor.fetchone()[0]


class Reader:
    """Reads events off one connection; `take` waits for the next of a kind."""

    def __init__(self, site: Site, query: str = "") -> None:
        self.answer = urlopen(f"{site.url}/api/events/?{query}", timeout=PATIENCE)
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        self.lines = iter(self.answer)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        kind = ""
        for line in self.lines:
            name, _, rest = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = rest
            elif name == "data":
                # Numbers in their own digits.
                yield kind, json.loads(rest, parse_float=str, parse_int=str)

    def take(self, kind: str, **like: Any) -> Any:
        """The next event of a kind whose body has these values. Heartbeats come for ever: patience
        ends some time.
        """
        deadline = time.monotonic() + PATIENCE
        others = []
        for each, body in self:
            if each == kind and like.items() <= body.items():
                return body
            others.append((each, body))
            assert time.monotonic() < deadline, f"no {kind} {like}, but {others}"
        raise AssertionError(f"the stream ended without {kind} {like}, but with {others}")


@contextmanager
def reading(site: Site, query: str = "") -> Iterator[Reader]:
    reader = Reader(site, query)
    try:
        yield reader
    finally:
        reader.answer.close()


def get(site: Site, path: str) -> Any:
    with urlopen(f"{site.url}{path}", timeout=PATIENCE) as answer:
        return json.load(answer, parse_float=str, parse_int=str)


class TestWhatIsTold:
    def test_a_new_reader_gets_the_state_as_the_api_has_it(self, site, tape) -> None:
        with reading(site) as reader:
            told: dict[tuple[str, str], Any] = {}
            for kind, body in reader:
                told[kind, body.get("symbol", "")] = body
                if len(told) == 8:
                    break
        latest = get(site, "/latest?include=coverage")
        assert [told["latest", each["symbol"]] for each in latest] == latest
        symbols = get(site, "/api/symbols/")
        assert [told["symbol", each["symbol"]] for each in symbols] == symbols
        for name in ("BTCUSDT", "ETHUSDT"):
            newest = get(site, f"/api/candles/?symbol={name}&limit=1")["results"]
            assert [told["candle", name]] == newest
        assert "now" in told["heartbeat", ""]

    def test_a_tick_is_told_with_its_candle_once_it_is_committed(self, site, tape) -> None:
        with reading(site, "symbols=btcusdt") as reader:
            reader.take("candle")
            tape.store([tick("BTCUSDT", 3, "7.50", 61_000_000)])
            assert reader.take("latest", price="7.5")["timestamp"] == "2025-07-03T08:31:36.984239Z"
            candle = reader.take("candle", close="7.5")
            assert candle["high"] == "1234567890.12345678"
            assert candle["trades"] == "2"

    def test_a_wider_candle_forms_from_all_its_minutes(self, site, tape) -> None:
        with reading(site, "symbols=BTCUSDT&interval=1h") as reader:
            assert reader.take("candle")["minute"] == "2025-07-03T08:00:00Z"
            tape.store([tick("BTCUSDT", 3, "7.50", 61_000_000)])
            candle = reader.take("candle", close="7.5")
            assert (candle["open"], candle["trades"]) == ("61928.31", "3")

    def test_a_gap_that_opens_shrinks_and_closes(self, site, tape) -> None:
        with reading(site, "symbols=BTCUSDT") as reader:
            reader.take("latest")
            tape.store([tick("BTCUSDT", 9, "9", 70_000_000)])
            gap = reader.take("gap")
            assert (gap["symbol"], gap["status"]) == ("BTCUSDT", "open")
            assert (gap["first_trade"], gap["last_trade"]) == ("3", "8")
            tape.fill("BTCUSDT", [tick("BTCUSDT", n, "8", 60_000_000 + n) for n in (3, 4)])
            assert reader.take("gap")["first_trade"] == "5"
            tape.fill("BTCUSDT", [tick("BTCUSDT", n, "8", 60_000_000 + n) for n in (5, 6, 7, 8)])
            gap = reader.take("gap", status="repaired")
            assert [gap] == get(site, "/api/gaps/?symbol=BTCUSDT")["results"]
            tape.store([tick("BTCUSDT", 11, "9", 71_000_000)])
            reader.take("gap", status="open")
            tape.void("BTCUSDT", 10, 10)
            reader.take("gap", status="void")

    def test_candles_that_are_folded_anew(self, site, tape) -> None:
        Candle.objects.update(volume=7)
        with reading(site, "symbols=BTCUSDT") as reader:
            reader.take("candle", volume="7")
            tape.refold("BTCUSDT", list(Candle.objects.values_list("minute", flat=True)))
            reader.take("candle", volume="0.5")

    def test_a_feed_that_goes_live_and_falls_silent(self, site, tape) -> None:
        with reading(site, "symbols=BTCUSDT") as reader:
            reader.take("symbol", live=False)
            tape.heartbeat(["BTCUSDT"], START + timedelta(minutes=2), timedelta(0))
            assert (
                reader.take("symbol", live=True)["heard_through"] == "2025-07-03T08:32:35.984239Z"
            )
            assert reader.take("latest")["coverage"]["verdict"] == "complete"
            tape.withdraw()
            reader.take("symbol", live=False)

    def test_a_recorder_that_dies_without_a_word(self, site, tape) -> None:
        tape.heartbeat(["BTCUSDT"], START + timedelta(minutes=2), timedelta(0))
        with reading(site, "symbols=BTCUSDT") as reader:
            reader.take("symbol", live=True)
            reader.take("symbol", live=False)

    def test_a_symbol_that_is_new(self, site, tape) -> None:
        with reading(site) as reader:
            reader.take("symbol")
            tape.register(["ADAUSDT"])
            tape.store([tick("ADAUSDT", 1, "0.58")])
            assert reader.take("latest", symbol="ADAUSDT")["price"] == "0.58"

    def test_who_comes_back_is_told_how_it_stands_now(self, site, tape) -> None:
        """Not how it stood when somebody last wished to hear of it, while others read on."""
        with reading(site, "symbols=ETHUSDT&candles=ETHUSDT"):
            with reading(site, "symbols=BTCUSDT") as reader:
                reader.take("candle")
            # Until nobody is served any more who wishes to hear of it.
            time.sleep(0.5)
            tape.store([tick("BTCUSDT", 3, "7", 61_000_000)])
            with reading(site, "symbols=BTCUSDT") as reader:
                assert reader.take("latest")["price"] == "7"
            with reading(site, "symbols=BTCUSDT") as reader:
                assert reader.take("candle")["close"] == "7"

    def test_only_what_was_asked_for(self, site, tape) -> None:
        kinds = set()
        with reading(site, "symbols=BTCUSDT,SOLUSDT&candles=ETHUSDT") as reader:
            tape.store([tick("ETHUSDT", 21, "5", 3_000_000), tick("SOLUSDT", 1, "4", 3_000_000)])
            tape.store([tick("BTCUSDT", 3, "7", 61_000_000)])
            for kind, body in reader:
                kinds.add((kind, body.get("symbol")))
                if kind == "latest" and body["price"] == "7":
                    break
        told = {symbol for kind, symbol in kinds if kind in {"latest", "symbol", "gap"}}
        assert told == {"BTCUSDT", "SOLUSDT"}
        assert {symbol for kind, symbol in kinds if kind == "candle"} <= {"ETHUSDT"}

    def test_what_is_rolled_back_is_not_told(self, tape) -> None:
        listener = connect("tests")
        try:
            for channel in (TICKS, GAPS):
                listener.execute(f"LISTEN {channel}")
            with tape.database.transaction(force_rollback=True):
                tell(tape.database, {tape.numbers["BTCUSDT"]})
            tape.store([tick("BTCUSDT", 9, "9", 70_000_000)])
            told = [
                (each.channel, each.payload) for each in listener.notifies(timeout=1, stop_after=2)
            ]
            gap = Gap.objects.get(first_trade=3)
            assert sorted(told) == [(GAPS, str(gap.pk)), (TICKS, str(tape.numbers["BTCUSDT"]))]
        finally:
            listener.close()


class TestManyReaders:
    def test_share_one_database_session_and_leave_the_api_its_own(self, site, tape) -> None:
        readers = [Reader(site, "symbols=BTCUSDT") for _ in range(40)]
        for reader in readers:
            reader.take("latest")
        assert listeners() == 1
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                "current_database() AND pid <> pg_backend_pid()"
            )
            # The tape's, live push, and the pool at its most.
            assert cursor.fetchone()[0] <= 1 + 9
        assert get(site, "/latest?symbol=BTCUSDT")["symbol"] == "BTCUSDT"
        tape.store([tick("BTCUSDT", 3, "7", 61_000_000)])
        for reader in readers:
            reader.take("latest", price="7")
            reader.answer.close()
        # Nobody reads: nobody listens.
        eventually(lambda: listeners() == 0)

    def test_a_slow_one_holds_up_nobody_and_gets_the_newest(self, site, tape) -> None:
        slow = socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE)
        # As little as possible is to wait in the kernel.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        slow.sendall(b"GET /api/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with reading(site) as quick:
            quick.take("latest", symbol="BTCUSDT")
            for n in range(3, 40):
                tape.store([tick("BTCUSDT", n, str(n), 60_000_000 + n)])
                quick.take("latest", price=str(n))
        seen = b""
        while b'"price":"39"' not in seen:
            seen += slow.recv(4096)
        slow.close()


def refused(site: Site, query: str, **how: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to a question that is refused."""
    with pytest.raises(HTTPError) as raised:
        urlopen(Request(f"{site.url}/api/events/?{query}", **how), timeout=PATIENCE)
    with raised.value as answer:
        return answer.code, json.load(answer)


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "field", "why"),
        [
            (
                "interval=2m",
                "interval",
                "Must be 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w or 1M.",
            ),
            ("symbols=BTC/USDT", "symbols", "Separated by commas: Must be a symbol such as"),
            ("symbols=", "symbols", "Separated by commas: Must be a symbol such as"),
            ("candles=BTCUSDT,", "candles", "Separated by commas: Must be a symbol such as"),
            ("symbols=BTCUSDT&symbols=ETHUSDT", "symbols", "Must be given only once."),
        ],
    )
    def test_a_bad_parameter_is_named(self, site, tape, query, field, why) -> None:
        status, body = refused(site, query)
        assert (status, list(body)) == (400, [field])
        assert body[field][0].startswith(why)

    @pytest.mark.parametrize("field", ["symbols", "candles"])
    def test_a_symbol_that_was_never_recorded(self, site, tape, field) -> None:
        status, body = refused(site, f"{field}=BTCUSDT,NOPE")
        assert status == 404
        assert body["detail"].startswith("NOPE has no recorded price.")

    def test_a_browser_s_own_way_of_asking(self, site, tape) -> None:
        assert refused(site, "symbols=NOPE", headers={"Accept": "text/event-stream"})[0] == 404

    def test_the_headers_alone_have_an_end(self, site, tape) -> None:
        asking = Request(f"{site.url}/api/events/", method="HEAD")
        with urlopen(asking, timeout=PATIENCE) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
        assert listeners() == 0

    def test_nothing_can_be_written(self, site, tape) -> None:
        assert refused(site, "", method="POST")[0] == 405

    @pytest.mark.django_db
    def test_a_server_that_cannot_stream_says_so(self, client: Client) -> None:
        answer = client.get("/api/events/")
        assert answer.status_code == 501
        assert "ASGI" in answer.json()["detail"]


class TestEnds:
    def test_streams_end_with_the_site(self, tape) -> None:
        with running_site() as site, reading(site) as reader:
            reader.take("latest")
            site.process.terminate()
            for _ in reader:
                pass
            output, _ = site.process.communicate(timeout=PATIENCE)
            assert site.process.returncode == 0
            assert "Traceback" not in output

    def test_a_stream_ends_with_the_database_and_begins_again(self, site, tape) -> None:
        with reading(site) as reader:
            reader.take("latest")
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "application_name = 'live_push'"
                )
            for _ in reader:
                pass
        with reading(site) as reader:
            tape.store([tick("BTCUSDT", 3, "7", 61_000_000)])
            reader.take("latest", price="7")

    def test_another_asgi_server_streams_as_well(self, tape) -> None:
        """A plain uvicorn, as it may run behind a proxy."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            command = [
                "-m",
                "uvicorn",
                "pricetracker.asgi:application",
                "--fd",
                str(listening.fileno()),
            ]
            process = subprocess.Popen(
                [sys.executable, *command, "--log-level", "warning"],
                cwd=PROJECT,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "pricetracker.settings",
                    "DATABASE_URL": database_url(),
                },
                pass_fds=[listening.fileno()],
            )
            try:
                site = Site(process, f"http://127.0.0.1:{listening.getsockname()[1]}")
                with reading(site, "symbols=ETHUSDT") as reader:
                    assert reader.take("latest")["price"] == "2609.47"
            finally:
                process.kill()
                process.wait()
