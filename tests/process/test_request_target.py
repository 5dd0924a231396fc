"""A request may name the whole URL; the host in it is the one that counts."""

import pytest

from pricetracker.process.request_target import in_origin_form


def scope(target: bytes) -> dict[str, object]:
    headers = [(b"accept", b"*/*"), (b"host", b"localhost")]
    return {"type": "http", "path": target.decode(), "raw_path": target, "headers": headers}


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"http://prices.example:8000/api/prices/", "/api/prices/", b"prices.example:8000"),
        (b"HTTP://[::1]/a%20b", "/a b", b"[::1]"),
        (b"https://prices.example", "/", b"prices.example"),
    ],
)
def test_a_whole_url_is_its_path_and_its_host(target: bytes, path: str, host: bytes) -> None:
    seen = in_origin_form(scope(target))
    assert seen["path"] == path
    assert seen["headers"] == [(b"accept", b"*/*"), (b"host", host)]


@pytest.mark.parametrize("target", [b"/api/", b"//evil.example/", b"*", b"host:443", b"http://"])
def test_anything_else_stays_as_it_is(target: bytes) -> None:
    assert in_origin_form(scope(target)) == scope(target)
