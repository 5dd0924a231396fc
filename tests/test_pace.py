"""Whose silence is suspicious: by a symbol's own pace, and not again at once after a look."""

import pytest

from prices.recording.pace import (
    FORGOTTEN,
    HANDOVER_COUNTS_FOR,
    LONGEST,
    PAST,
    PAUSES,
    RETRY_WITHIN,
    SETTLING_IN,
    SHORTEST,
    Pace,
)

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def ticking(pace: Pace, symbol: str, start: float, end: float, every: float) -> None:
    """A symbol ticks regularly."""
    now = start
    while now <= end:
        pace.ticked({symbol: 1}, now)
        now += every


def both(pace: Pace, start: float, end: float) -> None:
    for now in range(int(start), int(end)):
        pace.ticked({"BTCUSDT": 5, "ETHUSDT": 5}, now)


class TestSuspects:
    def test_a_busy_symbol_that_falls_silent_for_fifteen_seconds(self) -> None:
        pace = Pace(SYMBOLS, 0)
        both(pace, 0, 100)
        ticking(pace, "ETHUSDT", 100, 200, 0.2)
        assert pace.suspects(99 + SHORTEST) == []
        assert pace.trusted("BTCUSDT", 99 + SHORTEST)
        assert pace.suspects(99 + SHORTEST + 1) == ["BTCUSDT"]
        assert not pace.trusted("BTCUSDT", 99 + SHORTEST + 1)
        assert pace.trusted("ETHUSDT", 99 + SHORTEST + 1)

    def test_a_symbol_that_trades_once_a_minute_may_be_silent_for_ten(self) -> None:
        pace = Pace(["BTCUSDT"], 0)
        ticking(pace, "BTCUSDT", 0, 1200, 60)
        assert pace.suspects(1200 + 9 * 60) == []
        assert pace.suspects(1200 + PAUSES * 60 + 1) == ["BTCUSDT"]

    def test_one_that_trades_once_an_hour_may_be_silent_for_more_than_an_hour(self) -> None:
        pace = Pace(["BTCUSDT"], 0)
        ticking(pace, "BTCUSDT", 0, 7200, 3600)
        assert pace.suspects(7200 + 3600) == []
        assert pace.suspects(7200 + PAUSES * PAST + 1) == ["BTCUSDT"]

    def test_a_burst_does_not_make_a_quiet_symbol_busy(self) -> None:
        pace = Pace(["BTCUSDT"], 0)
        ticking(pace, "BTCUSDT", 0, 1200, 60)
        pace.ticked({"BTCUSDT": 20}, 1201)
        # 30 ticks in ten minutes: a pause of 20 seconds.
        assert pace.suspects(1201 + 150) == []

    def test_one_of_which_nothing_has_come_since_the_connection_was_made(self) -> None:
        pace = Pace(SYMBOLS, 0)
        both(pace, 0, 100)
        pace.connected(100)
        pace.ticked({"ETHUSDT": 1}, 105)
        assert pace.suspects(100 + SETTLING_IN) == []
        assert pace.suspects(100 + SETTLING_IN + 1) == ["BTCUSDT"]

    def test_when_the_whole_line_is_silent_the_busiest_stands_for_all(self) -> None:
        """Each symbol alone may well be silent for that long."""
        symbols = [f"COIN{n}USDT" for n in range(20)]
        pace = Pace(symbols, 0)
        for now in range(1200):
            pace.ticked({symbols[now % 20]: 1}, now)
        ticking(pace, symbols[7], 1199, 1199.9, 0.1)
        assert pace.suspects(1200 + SHORTEST) == [symbols[7]]

    def test_the_one_that_is_silent_the_longest_comes_first(self) -> None:
        pace = Pace(SYMBOLS, 0)
        both(pace, 0, 100)
        pace.ticked({"BTCUSDT": 1}, 101)
        assert pace.suspects(200) == ["ETHUSDT", "BTCUSDT"]


class TestLooks:
    @pytest.fixture
    def pace(self) -> Pace:
        """BTCUSDT ticks ten times a second, until second 100."""
        pace = Pace(["BTCUSDT"], 0)
        ticking(pace, "BTCUSDT", 0, 100, 0.1)
        return pace

    def test_one_that_is_looked_at_is_no_suspect_but_not_trusted_either(self, pace) -> None:
        pace.looking("BTCUSDT", 120)
        assert pace.suspects(120) == []
        assert not pace.trusted("BTCUSDT", 120)
        assert pace.suspects(120 + FORGOTTEN) == ["BTCUSDT"]

    def test_after_a_look_it_may_be_silent_for_as_long_again(self, pace) -> None:
        pace.looking("BTCUSDT", 120)
        pace.looked("BTCUSDT", 120)
        assert pace.trusted("BTCUSDT", 139)
        assert pace.suspects(139) == []
        assert pace.suspects(141) == ["BTCUSDT"]
        pace.looked("BTCUSDT", 141)
        assert pace.suspects(181) == []
        assert pace.suspects(183) == ["BTCUSDT"]

    def test_no_longer_than_an_hour(self, pace) -> None:
        pace.looked("BTCUSDT", 100 + 5 * LONGEST)
        assert pace.suspects(100 + 6 * LONGEST) == []
        assert pace.suspects(101 + 6 * LONGEST) == ["BTCUSDT"]

    def test_one_that_failed_restores_no_trust_and_is_repeated_soon(self, pace) -> None:
        for now in range(120, 600, 10):
            pace.looking("BTCUSDT", now)
            pace.failed("BTCUSDT", now)
            assert not pace.trusted("BTCUSDT", now + 9)
            assert pace.suspects(now) == []
            assert pace.suspects(now + RETRY_WITHIN) == ["BTCUSDT"]

    def test_one_that_passed_says_nothing_of_what_came_after_it(self, pace) -> None:
        pace.ticked({"BTCUSDT": 1}, 121)
        pace.looked("BTCUSDT", 120)
        assert not pace.trusted("BTCUSDT", 121 + SHORTEST + 1)

    def test_a_tick_ends_all_suspicion(self, pace) -> None:
        pace.looked("BTCUSDT", 120)
        pace.ticked({"BTCUSDT": 1}, 121)
        assert pace.suspects(121 + SHORTEST) == []
        assert pace.suspects(122 + SHORTEST) == ["BTCUSDT"]


def quiet(pace: Pace, until: int) -> list[str]:
    """Twenty symbols each of which ticks every twenty seconds: one of them every second."""
    names = list(pace.pulses)
    for now in range(until):
        pace.ticked({names[now % 20]: 1}, now)
    return names


class TestLine:
    def test_while_all_are_silent_none_is_trusted_until_a_check_has_passed(self) -> None:
        """Each alone may be silent for 200 seconds, but not all of them at once for 20."""
        pace = Pace([f"COIN{n}USDT" for n in range(20)], 0)
        names = quiet(pace, 1200)
        now = 1199 + SHORTEST + 1
        assert not any(pace.trusted(name, now) for name in names)
        (chosen,) = pace.suspects(now)
        pace.failed(chosen, now)
        assert not any(pace.trusted(name, now) for name in names)
        pace.looked(chosen, now)
        assert all(pace.trusted(name, now + 1) for name in names)

    def test_a_quiet_symbol_does_not_prove_that_the_line_is_alive(self) -> None:
        pace = Pace([*[f"COIN{n}USDT" for n in range(20)], "RAREUSDT"], 0)
        names = quiet(pace, 1200)
        now = 1199 + SHORTEST + 1
        pace.looked("RAREUSDT", now)
        assert not any(pace.trusted(name, now) for name in names)

    def test_one_that_is_refused_stands_for_nobody(self) -> None:
        pace = Pace([f"COIN{n}USDT" for n in range(20)], 0)
        quiet(pace, 1200)
        now = 1199 + SHORTEST + 1
        (chosen,) = pace.suspects(now)
        pace.failed(chosen, now, refused=True)
        (other,) = pace.suspects(now)
        assert other != chosen


class TestHandover:
    def test_what_ticks_on_neither_connection_is_checked_and_not_trusted_for_long(self) -> None:
        """It was checked on the old connection: that says little about the new one."""
        pace = Pace(SYMBOLS, 0)
        pace.ticked({"BTCUSDT": 1}, 0)
        pace.looked("BTCUSDT", 3600)
        pace.handed_over(3700)
        ticking(pace, "ETHUSDT", 3700, 4000, 1)
        assert pace.trusted("BTCUSDT", 3700 + SETTLING_IN)
        assert pace.suspects(3700 + SETTLING_IN + 1) == ["BTCUSDT"]
        assert not pace.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)
        # A check whose answer came before the handover is one of the old connection.
        pace.looked("BTCUSDT", 3699)
        assert not pace.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)
        pace.looked("BTCUSDT", 3720)
        assert pace.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)


class TestManySuspects:
    def test_each_has_its_turn_however_often_the_checks_fail(self) -> None:
        names = [f"COIN{n}USDT" for n in range(300)]
        pace = Pace(names, 0)
        now, tried = SETTLING_IN + 1, []
        for _ in names:
            tried.append(pace.suspects(now)[0])
            pace.failed(tried[-1], now)
            now += RETRY_WITHIN
        assert sorted(tried) == sorted(names)
