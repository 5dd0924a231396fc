"""Chunks of frames, taken apart byte by byte."""

import json
import struct

import pytest

from replay.archive import read
from replay.clock import LAG
from replay.frames import HEADERS, Dialect, Slice, chunk, framed, shutdown_text, told
from replay.ledger import Ledger
from replay.recording import Recording
from tests.support.local_exchange import BTC, ETH, TRX, agg_trades

RAW = Dialect(combined=False, microseconds=False)


def texts(frames: bytes) -> list[str]:
    """The payloads of whole, unmasked text frames; anything else fails."""
    found, place = [], 0
    while place < len(frames):
        opcode, length = frames[place], frames[place + 1]
        assert opcode == 0x81
        place += 2
        if length == 126:
            (length,) = struct.unpack_from("!H", frames, place)
            assert length >= 126
            place += 2
        found.append(frames[place : place + length].decode())
        place += length
    return found


def of(recording: Recording, dialect: Dialect) -> list[str]:
    (market,) = Ledger([recording]).markets.values()
    return texts(chunk([Slice(market, 0, market.size)], dialect))


def one_tick(symbol: str) -> Recording:
    rec = Recording(symbol)
    rec.append(2**33, "0.00100000", "100.00000000", 2**34, 2**34 + 5, 1672515782136123, 1)
    return rec


def test_a_raw_frame_is_the_exchange_s_own():
    (text,) = of(one_tick("BNBBTC"), RAW)
    assert text == (
        '{"e":"aggTrade","E":1672515782139,"s":"BNBBTC","a":8589934592,"p":"0.00100000",'
        '"q":"100.00000000","f":17179869184,"l":17179869189,"T":1672515782136,"m":true,"M":false}'
    )


def test_a_combined_frame_names_its_stream():
    (text,) = of(one_tick("BNBBTC"), Dialect(combined=True, microseconds=True))
    assert text == (
        '{"stream":"bnbbtc@aggTrade","data":{"e":"aggTrade","E":1672515782139123,"s":"BNBBTC",'
        '"a":8589934592,"p":"0.00100000","q":"100.00000000","f":17179869184,"l":17179869189,'
        '"T":1672515782136123,"m":true,"M":false}}'
    )


def test_a_symbol_of_any_script_travels_as_utf_8():
    (text,) = of(one_tick("币安人生USDT"), Dialect(combined=True, microseconds=False))
    frame = json.loads(text)
    assert frame["stream"] == "币安人生usdt@aggTrade"
    assert frame["data"]["s"] == "币安人生USDT"


@pytest.mark.parametrize(
    ("length", "header"),
    [(125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e"), (300, b"\x81\x7e\x01\x2c")],
)
def test_a_header_takes_two_bytes_or_four(length, header):
    assert HEADERS[length] == header


def test_the_longest_frame_has_a_header():
    rec = Recording("币" * 50)
    number = "9" * 20 + ".99999999"
    rec.append(10**18 - 1, number, number, 10**18 - 1, 10**18, 10**17 - 1, 0)
    assert len(of(rec, Dialect(combined=True, microseconds=True))) == 1


@pytest.mark.parametrize("path", [BTC, TRX], ids=lambda path: path.name[:3])
def test_every_row_of_a_file_is_a_frame(path):
    (rec,) = read([path])
    frames = [json.loads(text) for text in of(rec, Dialect(combined=False, microseconds=True))]
    assert frames == [
        {"e": "aggTrade", "E": row["T"] + LAG, "s": rec.symbol, **row} for row in agg_trades(path)
    ]


def test_several_markets_are_told_in_the_order_of_time():
    markets = Ledger(read([BTC, ETH])).markets.values()
    slices = [Slice(market, 0, market.size) for market in markets]
    frames = [json.loads(text) for text in texts(chunk(slices, RAW))]
    assert [frame["T"] for frame in frames] == sorted(frame["T"] for frame in frames)
    for path in (BTC, ETH):
        symbol = path.name[:7]
        ids = [frame["a"] for frame in frames if frame["s"] == symbol]
        assert ids == [row["a"] for row in agg_trades(path)]


def test_ticks_told_one_by_one_are_those_of_the_chunk():
    slices = [Slice(market, 0, 500) for market in Ledger(read([BTC, ETH])).markets.values()]
    ticks = told(slices, RAW)
    assert framed(text for _, text in ticks) == chunk(slices, RAW)
    assert all(json.loads(text)["s"] == symbol for symbol, text in ticks)


def test_a_shutdown_is_told_in_either_form_and_unit():
    time = 1672515782136123
    assert shutdown_text(time, RAW, combined=False) == b'{"e":"serverShutdown","E":1672515782136}'
    assert shutdown_text(time, Dialect(True, True), combined=True) == (
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1672515782136123}}'
    )
