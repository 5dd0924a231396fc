"""Asking the exchange for its symbols: few or hundreds; and what it says of its limits."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from prices.exchange.exchange_info import LONGEST, NAMED, ask, check, look_up, question
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Unanswered
from replay.limits import Limits
from tests.support.faulty_server import faulty
from tests.support.local_exchange import local_exchange

CUT = b'{"symbols":[{"symbol":"BTC'
NO_TEXT = b'{"symbols":[{"symbol":"\xff","status":"TRADING"}]}'


def listed(folder: Path, number: int) -> list[Path]:
    """Recordings of one trade each: what makes a symbol known to the local exchange."""
    paths = [folder / f"COIN{i:03}USDT-aggTrades-2025-07-03.csv" for i in range(number)]
    for path in paths:
        path.write_text("1,2.0,3.0,1,1,1751500800000,True,True\n", encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def exchange() -> Iterator[Rest]:
    with local_exchange() as running, Rest(running.rest_url) as rest:
        yield rest


class TestQuestion:
    def test_names_what_it_asks_for(self) -> None:
        assert question(["BTCUSDT", "ETHUSDT"]) == {"symbols": '["BTCUSDT","ETHUSDT"]'}

    def test_letters_of_every_script(self) -> None:
        assert question(["币USDT"]) == {"symbols": '["币USDT"]'}

    def test_of_nothing_is_for_all(self) -> None:
        assert question([]) == {}

    @pytest.mark.parametrize("symbol", ["BTCUSDT", "币安人生USDT", "A" * 50])
    def test_that_would_be_too_long_is_for_all(self, symbol) -> None:
        longest = max(number for number in range(1, 900) if question([symbol] * number))
        asked = question([symbol] * longest)["symbols"]
        assert LONGEST - 200 < len(quote_plus(asked)) <= LONGEST
        assert question([symbol] * (longest + 1)) == {}


class TestAnswer:
    def test_is_the_status_of_each(self, exchange: Rest) -> None:
        assert check(exchange, ["ETHUSDT", "BTCUSDT"]) == {
            "ETHUSDT": "TRADING",
            "BTCUSDT": "TRADING",
        }

    def test_names_the_one_that_is_not_listed_and_its_likes(self, exchange: Rest) -> None:
        with pytest.raises(ValueError, match=r"no symbol BTCUDST\. Did you mean BTCUSDT\?"):
            check(exchange, ["ETHUSDT", "BTCUDST"])

    def test_names_the_one_that_is_not_listed_among_hundreds(self, tmp_path) -> None:
        paths = listed(tmp_path, 899)
        symbols = [path.name.partition("-")[0] for path in paths]
        with local_exchange(*paths) as running, Rest(running.rest_url) as exchange:
            assert len(check(exchange, symbols)) == 899
            symbols.insert(500, "NONESUCH")
            with pytest.raises(ValueError, match=r"^Binance Spot lists no symbol NONESUCH\.$"):
                check(exchange, symbols)

    def test_tells_listed_and_unlisted_ones_apart(self, exchange: Rest) -> None:
        found = look_up(exchange, ["GONEUSDT", "BTCUSDT", "BTCUDST"])
        assert found.statuses == {"BTCUSDT": "TRADING"}
        assert found.unlisted == ["GONEUSDT", "BTCUDST"]
        assert "Did you mean BTCUSDT?" in found.refusal(["BTCUDST"])

    def test_names_no_more_than_can_be_read(self, exchange: Rest) -> None:
        wrong = [f"WRONG{i}" for i in range(900)]
        with pytest.raises(ValueError, match="890 more are not listed either") as error:
            check(exchange, ["BTCUSDT", *wrong])
        assert str(error.value).count("lists no symbol") == NAMED

    def test_says_how_much_may_be_asked(self) -> None:
        with (
            local_exchange(limits=Limits(weight=1200)) as running,
            Rest(running.rest_url) as exchange,
        ):
            assert exchange.rate_limiter.limit == 6000
            check(exchange, ["BTCUSDT"])
            assert exchange.rate_limiter.limit == 1200

    @pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", CUT, NO_TEXT])
    def test_a_body_that_is_no_list(self, body) -> None:
        with (
            faulty(lambda peer: peer.refuse("200 OK", body)) as url,
            Rest(url.replace("ws://", "http://")) as rest,
            pytest.raises(Unanswered) as error,
        ):
            ask(rest, ["BTCUSDT"])
        assert str(error.value).startswith("The exchange sent an invalid list of symbols: ")
        assert str(error.value).endswith(".")
        assert "html" not in str(error.value)
