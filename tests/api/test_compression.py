"""Long JSON is compressed for clients that accept it, and for no others."""

import gzip
import zlib
from collections.abc import Iterator

import pytest
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from prices.api.compression import LEAST, accepts_gzip, compress, packed
from tests.support.tapes import open_tape, tick

pytestmark = pytest.mark.django_db


def response_of(text: bytes, content_type: str = "application/json", **headers: str) -> Response:
    response = Response(headers=headers, content_type=content_type)
    response.content = text
    response["Content-Type"] = content_type
    return response


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("br;q=1.0, gzip ; q=0.001", True),
        ("gzip;q=0", False),
        ("br, gzip;q=0.000", False),
        ("br", False),
        ("gzipped", False),
        ("", False),
    ],
)
def test_the_weight_of_gzip_is_read(header: str, accepted: bool) -> None:
    request = APIRequestFactory().get("/", HTTP_ACCEPT_ENCODING=header)
    assert accepts_gzip(request) is accepted


def test_a_page_of_rows_is_compressed(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(n, n * 60) for n in range(1, 60)])
    for path in ("/api/candles/?symbol=BTCUSDT", "/api/prices/?symbol=BTCUSDT"):
        plain = client.get(path)
        packed = client.get(path, headers={"accept-encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert packed["Content-Encoding"] == "gzip"
        assert plain["Vary"] == packed["Vary"]
        assert "Accept-Encoding" in packed["Vary"]
        assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 3
        assert gzip.decompress(packed.content) == plain.content


def test_short_answers_and_pages_for_people_are_not(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(n, n * 60) for n in range(1, 60)])
    accepted = {"accept-encoding": "gzip"}
    assert "Content-Encoding" not in client.get("/latest", headers=accepted).headers
    asked = {**accepted, "accept": "text/html"}
    shown = client.get("/api/candles/?symbol=BTCUSDT", headers=asked)
    assert "Content-Encoding" not in shown.headers


@pytest.mark.parametrize(
    ("response", "compressed"),
    [
        (response_of(b"1" * LEAST), True),
        (response_of(b"1" * (LEAST - 1)), False),
        (response_of(b"1" * LEAST, "text/html"), False),
        (response_of(b"1" * LEAST, **{"Content-Encoding": "br"}), False),
    ],
)
def test_only_long_json_is_compressed(response: Response, compressed: bool) -> None:
    compress(APIRequestFactory().get("/", HTTP_ACCEPT_ENCODING="gzip"), response)
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed


def test_a_tag_of_the_content_becomes_weak() -> None:
    request = APIRequestFactory().get("/", HTTP_ACCEPT_ENCODING="gzip")
    for tag in ('"a"', 'W/"a"'):
        response = response_of(b"1" * LEAST, ETag=tag)
        compress(request, response)
        assert response["ETag"] == 'W/"a"'


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("ticks", [0, 59])
def test_a_stream_of_rows_is_compressed(client: Client, form: str, ticks: int) -> None:
    with open_tape() as tape:
        if ticks:
            tape.store([tick(n, n * 60) for n in range(1, ticks + 1)])
    path = f"/api/candles/?symbol=BTCUSDT&format={form}"
    plain, sent = (client.get(path, headers=each) for each in ({}, {"accept-encoding": "gzip"}))
    text, data = (b"".join(each.streaming_content) for each in (plain, sent))
    assert (text.count(b"\n") >= ticks, "Content-Encoding" in plain.headers) == (True, False)
    assert sent["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain["Vary"]
    assert plain["Vary"] == sent["Vary"]
    assert gzip.decompress(data) == text


def test_each_piece_can_be_read_as_it_comes() -> None:
    reader = zlib.decompressobj(wbits=31)
    pieces = [b"one\n", b"two\n" * 1000, b"three\n"]
    sent = packed(pieces)
    assert [reader.decompress(next(sent)) for _ in pieces] == pieces
    assert not reader.eof
    assert (reader.decompress(next(sent)), reader.eof) == (b"", True)


def test_a_stream_that_breaks_has_no_end() -> None:
    def breaking() -> Iterator[bytes]:
        yield b"one\n"
        raise ConnectionError

    reader, sent = zlib.decompressobj(wbits=31), packed(breaking())
    assert reader.decompress(next(sent)) == b"one\n"
    with pytest.raises(ConnectionError):
        next(sent)
    assert not reader.eof
