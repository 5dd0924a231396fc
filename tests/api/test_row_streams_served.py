"""Rows as real programs read them from a real site: whole, slowly, and broken off."""

import csv
import http.client
import io
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

import duckdb
import pandas as pd
import polars as pl
import pytest

from prices.models import Price
from prices.recording.tape import Tape
from tests.support.node import missing
from tests.support.recorders import PATIENCE
from tests.support.sites import Site, running_site
from tests.support.tapes import open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

# As JSON Lines some 9 MB: more than the sockets of both ends hold.
TICKS = 50_000
LINES = "/api/prices/?symbol=BTCUSDT&format=jsonl"
CANDLES = "/api/candles/?symbol=BTCUSDT&interval=1h&from=2025-01-01&format=csv"


@pytest.fixture
def tape(transactional_db: None) -> Iterator[Tape]:
    with open_tape("BTCUSDT") as tape:
        ticks = [tick(n, n * 0.75, f"{n}.00000001", side=n % 2 == 0) for n in range(1, TICKS + 1)]
        for start in range(0, TICKS, 10_000):
            tape.store(ticks[start : start + 10_000])
        yield tape


@pytest.fixture
def site(tape: Tape) -> Iterator[Site]:
    with running_site() as site:
        yield site


def curl(url: str) -> bytes:
    program = shutil.which("curl")
    if program is None:
        missing("There is no curl.")
    done = subprocess.run([program, "-sS", "--fail", url], capture_output=True, check=True)
    return done.stdout


def test_programs_read_them_whole(site: Site, tmp_path: Path) -> None:
    """One site for all: to start it takes longer than to read."""
    rows = list(csv.DictReader(io.StringIO(curl(site.url + CANDLES).decode())))
    assert len(rows) == 11
    check_candles_in_pandas(site, rows)
    check_candles_in_polars(site, rows)
    check_candles_in_duckdb(site, rows, tmp_path / "candles.csv")
    check_ticks(site)


def check_candles_in_pandas(site: Site, rows: list[dict[str, str]]) -> None:
    frame = pd.read_csv(site.url + CANDLES, parse_dates=["minute"])
    assert str(frame["minute"].dtype).startswith("datetime64[")
    assert str(frame["minute"].dt.tz) == "UTC"
    assert [each.isoformat() for each in frame["minute"]] == [
        row["minute"].replace("Z", "+00:00") for row in rows
    ]
    exact = pd.read_csv(site.url + CANDLES, dtype=str)
    assert exact["close"].tolist() == [row["close"] for row in rows]
    lines = pd.read_json(site.url + LINES, lines=True, dtype={"price": str})
    assert len(lines) == TICKS


def check_candles_in_polars(site: Site, rows: list[dict[str, str]]) -> None:
    """Given an address, polars asks for the length and then for parts: no stream has these."""
    schema = {"close": pl.Decimal(18, 8), "minute": pl.String}
    with urlopen(site.url + CANDLES) as answer:
        frame = pl.read_csv(answer, schema_overrides=schema)
    assert frame["close"].to_list() == [Decimal(row["close"]) for row in rows]
    times = frame["minute"].str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z")
    assert times.is_sorted()
    with urlopen(site.url + CANDLES) as answer:
        assert pl.read_csv(answer, try_parse_dates=True)["minute"].dtype.is_temporal()


def check_candles_in_duckdb(site: Site, rows: list[dict[str, str]], file: Path) -> None:
    """DuckDB's own HTTP client is an extension, fetched from the internet: curl stands in."""
    file.write_bytes(curl(site.url + CANDLES))
    found = duckdb.read_csv(str(file), dtype={"close": "DECIMAL(18,8)"})
    assert [str(kind) for kind in found.types[:2]] == ["VARCHAR", "TIMESTAMP WITH TIME ZONE"]
    assert [row[5] for row in found.fetchall()] == [Decimal(row["close"]) for row in rows]


def check_ticks(site: Site) -> None:
    url = f"{site.url}/api/prices/?symbol=BTCUSDT&format=csv"
    frame = pd.read_csv(url, parse_dates=["timestamp"], date_format="ISO8601", dtype={"price": str})
    assert frame["first_trade"].tolist() == list(range(1, TICKS + 1))
    stored = Price.objects.order_by("pk").values_list("timestamp", "price")
    assert frame["timestamp"].tolist() == [when for when, _ in stored]
    assert list(map(Decimal, frame["price"])) == [price for _, price in stored]
    assert str(frame["is_buyer_maker"].dtype) == "bool"


def begun(stack: ExitStack, site: Site, path: str = LINES) -> http.client.HTTPResponse:
    """A response whose client has taken its headers and nothing else."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    stack.callback(connection.close)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200
    return response


def test_a_client_that_reads_slowly_holds_no_session(site: Site, tape: Tape) -> None:
    with ExitStack() as stack:
        # More than there are threads that read rows.
        for _ in range(4):
            begun(stack, site)
        assert len(curl(site.url + LINES).splitlines()) == TICKS
        open_transactions = tape.database.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 second'"
        ).fetchone()
        assert open_transactions == (0,)


def test_one_that_breaks_is_seen_to_have_broken(site: Site, tape: Tape) -> None:
    with ExitStack() as stack:
        response = begun(stack, site)
        with tape.database.transaction():
            # The next part gives up waiting for it.
            tape.database.execute("LOCK prices_price IN ACCESS EXCLUSIVE MODE")
            with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                response.read()
        assert len(curl(site.url + LINES).splitlines()) == TICKS


def test_an_older_client_sees_it_as_well(site: Site, tape: Tape) -> None:
    """Over HTTP/1.0 the end of the connection would be a clean end, if parts had no length."""
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(f"GET {LINES} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head = client.recv(4096)
        assert b"\r\ntransfer-encoding: chunked\r\n" in head.lower()
        with tape.database.transaction():
            tape.database.execute("LOCK prices_price IN ACCESS EXCLUSIVE MODE")
            assert not rest(client).endswith(b"0\r\n\r\n")


def rest(client: socket.socket) -> bytes:
    found = b""
    try:
        while part := client.recv(65536):
            found = (found + part)[-100:]
    except ConnectionResetError:
        pass
    return found


def test_a_client_that_leaves_gives_its_place_back(site: Site, tape: Tape) -> None:
    for _ in range(30):
        with ExitStack() as stack:
            begun(stack, site)
    assert len(curl(site.url + LINES).splitlines()) == TICKS
