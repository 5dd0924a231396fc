"""Whose silence is suspicious: by a symbol's own pace, and not again at once after a look."""

from collections import Counter

import pytest

from prices.recording.inter_arrival import (
    COUNTS_FOR,
    HANDOVER_COUNTS_FOR,
    LONGEST,
    PAST,
    PAUSES,
    RECHECK_AFTER,
    RETRY_WITHIN,
    SETTLING_IN,
    SHORTEST,
)
from prices.recording.staleness import FORGOTTEN, Staleness

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def ticking(staleness: Staleness, symbol: str, start: float, end: float, every: float) -> None:
    """A symbol ticks regularly."""
    now = start
    while now <= end:
        staleness.ticked({symbol: 1}, now)
        now += every


def both(staleness: Staleness, start: float, end: float) -> None:
    for now in range(int(start), int(end)):
        staleness.ticked({"BTCUSDT": 5, "ETHUSDT": 5}, now)


class TestSuspects:
    def test_a_busy_symbol_that_falls_silent_for_fifteen_seconds(self) -> None:
        staleness = Staleness(SYMBOLS, 0)
        both(staleness, 0, 100)
        ticking(staleness, "ETHUSDT", 100, 200, 0.2)
        assert staleness.suspects(99 + SHORTEST) == []
        assert staleness.trusted("BTCUSDT", 99 + SHORTEST)
        assert staleness.suspects(99 + SHORTEST + 1) == ["BTCUSDT"]
        assert not staleness.trusted("BTCUSDT", 99 + SHORTEST + 1)
        assert staleness.trusted("ETHUSDT", 99 + SHORTEST + 1)

    def test_one_trade_per_minute_allows_ten_silent_minutes(self) -> None:
        staleness = Staleness(["BTCUSDT"], 0)
        ticking(staleness, "BTCUSDT", 0, 1200, 60)
        assert staleness.suspects(1200 + 9 * 60) == []
        assert staleness.suspects(1200 + PAUSES * 60 + 1) == ["BTCUSDT"]

    def test_one_trade_per_hour_allows_a_silent_hour(self) -> None:
        staleness = Staleness(["BTCUSDT"], 0)
        ticking(staleness, "BTCUSDT", 0, 7200, 3600)
        assert staleness.suspects(7200 + 3600) == []
        assert staleness.suspects(7200 + PAUSES * PAST + 1) == ["BTCUSDT"]

    def test_a_burst_does_not_make_a_quiet_symbol_busy(self) -> None:
        staleness = Staleness(["BTCUSDT"], 0)
        ticking(staleness, "BTCUSDT", 0, 1200, 60)
        staleness.ticked({"BTCUSDT": 20}, 1201)
        # 30 ticks in ten minutes: a pause of 20 seconds.
        assert staleness.suspects(1201 + 150) == []

    def test_one_that_is_silent_since_the_connection_was_made(self) -> None:
        staleness = Staleness(SYMBOLS, 0)
        both(staleness, 0, 100)
        staleness.connected(100)
        staleness.ticked({"ETHUSDT": 1}, 105)
        assert staleness.suspects(100 + SETTLING_IN) == []
        assert staleness.suspects(100 + SETTLING_IN + 1) == ["BTCUSDT"]

    def test_on_a_silent_line_the_busiest_stands_for_all(self) -> None:
        """Each symbol alone may well be silent for that long."""
        symbols = [f"COIN{n}USDT" for n in range(20)]
        staleness = Staleness(symbols, 0)
        for now in range(1200):
            staleness.ticked({symbols[now % 20]: 1}, now)
        ticking(staleness, symbols[7], 1199, 1199.9, 0.1)
        assert staleness.suspects(1200 + SHORTEST) == [symbols[7]]

    def test_the_one_that_is_silent_the_longest_comes_first(self) -> None:
        staleness = Staleness((*SYMBOLS, "SOLUSDT"), 0)
        both(staleness, 0, 100)
        staleness.ticked({"BTCUSDT": 1}, 101)
        staleness.ticked({"SOLUSDT": 1}, 199)
        assert staleness.suspects(200) == ["ETHUSDT", "BTCUSDT"]


class TestLooks:
    @pytest.fixture
    def staleness(self) -> Staleness:
        """BTCUSDT ticks ten times a second, until second 100."""
        staleness = Staleness(["BTCUSDT"], 0)
        ticking(staleness, "BTCUSDT", 0, 100, 0.1)
        return staleness

    def test_one_under_check_is_neither_suspect_nor_trusted(self, staleness) -> None:
        staleness.looking("BTCUSDT", 120)
        assert staleness.suspects(120) == []
        assert not staleness.trusted("BTCUSDT", 120)
        assert staleness.suspects(120 + FORGOTTEN) == ["BTCUSDT"]

    def test_a_check_counts_for_a_minute_however_many_passed(self, staleness) -> None:
        now = 120.0
        for _ in range(100):
            staleness.looking("BTCUSDT", now)
            staleness.looked("BTCUSDT", now)
            due = now + RECHECK_AFTER * COUNTS_FOR
            assert staleness.suspects(due - 1) == []
            assert staleness.suspects(due + 1) == ["BTCUSDT"]
            assert staleness.trusted("BTCUSDT", now + COUNTS_FOR - 1)
            assert not staleness.trusted("BTCUSDT", now + COUNTS_FOR + 1)
            now = due + 1

    def test_of_a_quiet_symbol_it_counts_for_ten_pauses(self) -> None:
        staleness = Staleness(["BTCUSDT"], 0)
        ticking(staleness, "BTCUSDT", 0, 1200, 60)
        staleness.looked("BTCUSDT", 1820)
        pause = PAST / 11
        assert staleness.trusted("BTCUSDT", 1820 + PAUSES * pause - 1)
        assert not staleness.trusted("BTCUSDT", 1820 + PAUSES * pause + 1)

    def test_no_longer_than_an_hour(self) -> None:
        staleness = Staleness(["BTCUSDT"], 0)
        staleness.looked("BTCUSDT", 5 * LONGEST)
        assert staleness.trusted("BTCUSDT", 6 * LONGEST)
        assert not staleness.trusted("BTCUSDT", 1 + 6 * LONGEST)

    def test_of_an_unknown_symbol_it_counts_for_what_was_seen(self) -> None:
        """Nothing has come in ten seconds: that is no proof that nothing comes for an hour."""
        staleness = Staleness(["BTCUSDT"], 0)
        staleness.looked("BTCUSDT", SETTLING_IN)
        assert not staleness.trusted("BTCUSDT", SETTLING_IN + PAUSES * SETTLING_IN + 1)

    def test_one_that_failed_restores_no_trust_and_is_repeated_soon(self, staleness) -> None:
        for now in range(120, 600, 10):
            staleness.looking("BTCUSDT", now)
            staleness.failed("BTCUSDT", now)
            assert not staleness.trusted("BTCUSDT", now + 9)
            assert staleness.suspects(now) == []
            assert staleness.suspects(now + RETRY_WITHIN) == ["BTCUSDT"]

    def test_one_that_passed_says_nothing_of_what_came_after_it(self, staleness) -> None:
        staleness.ticked({"BTCUSDT": 1}, 121)
        staleness.looked("BTCUSDT", 120)
        assert not staleness.trusted("BTCUSDT", 121 + SHORTEST + 1)

    def test_a_tick_ends_all_suspicion(self, staleness) -> None:
        staleness.looked("BTCUSDT", 120)
        staleness.ticked({"BTCUSDT": 1}, 121)
        assert staleness.suspects(121 + SHORTEST) == []
        assert staleness.suspects(122 + SHORTEST) == ["BTCUSDT"]


def quiet(staleness: Staleness, until: int) -> list[str]:
    """Twenty symbols each of which ticks every twenty seconds: one of them every second."""
    names = list(staleness.inter_arrivals)
    for now in range(until):
        staleness.ticked({names[now % 20]: 1}, now)
    return names


class TestLine:
    def test_while_all_are_silent_only_a_check_restores_trust(self) -> None:
        """Each alone may be no data for 200 seconds, but not all of them at once for 20."""
        staleness = Staleness([f"COIN{n}USDT" for n in range(20)], 0)
        names = quiet(staleness, 1200)
        now = 1199 + SHORTEST + 1
        assert not any(staleness.trusted(name, now) for name in names)
        (chosen,) = staleness.suspects(now)
        staleness.failed(chosen, now)
        assert not any(staleness.trusted(name, now) for name in names)
        staleness.looked(chosen, now)
        assert all(staleness.trusted(name, now + 1) for name in names)

    def test_a_quiet_symbol_does_not_prove_that_the_line_is_alive(self) -> None:
        staleness = Staleness([*[f"COIN{n}USDT" for n in range(20)], "RAREUSDT"], 0)
        names = quiet(staleness, 1200)
        now = 1199 + SHORTEST + 1
        staleness.looked("RAREUSDT", now)
        assert not any(staleness.trusted(name, now) for name in names)

    def test_one_that_is_refused_stands_for_nobody(self) -> None:
        staleness = Staleness([f"COIN{n}USDT" for n in range(20)], 0)
        quiet(staleness, 1200)
        now = 1199 + SHORTEST + 1
        (chosen,) = staleness.suspects(now)
        staleness.failed(chosen, now, refused=True)
        (other,) = staleness.suspects(now)
        assert other != chosen


class TestHandover:
    def test_what_ticks_on_neither_connection_is_checked(self) -> None:
        """It was checked on the old connection: that says little about the new one."""
        staleness = Staleness(SYMBOLS, 0)
        staleness.ticked({"BTCUSDT": 1}, 0)
        staleness.looked("BTCUSDT", 3690)
        staleness.handed_over(3700)
        ticking(staleness, "ETHUSDT", 3700, 4000, 1)
        assert staleness.trusted("BTCUSDT", 3700 + SETTLING_IN)
        assert staleness.suspects(3700 + SETTLING_IN + 1) == ["BTCUSDT"]
        assert not staleness.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)
        # A check whose answer came before the handover is one of the old connection.
        staleness.looked("BTCUSDT", 3699)
        assert not staleness.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)
        staleness.looked("BTCUSDT", 3720)
        assert staleness.trusted("BTCUSDT", 3700 + HANDOVER_COUNTS_FOR + 1)


class TestManySuspects:
    def test_each_has_its_turn_however_often_the_checks_fail(self) -> None:
        names = [f"COIN{n}USDT" for n in range(300)]
        staleness = Staleness(names, 0)
        now, tried = SETTLING_IN + 1, []
        for _ in names:
            tried.append(staleness.suspects(now)[0])
            staleness.failed(tried[-1], now)
            now += RETRY_WITHIN
        assert sorted(tried) == sorted(names)

    def test_few_quiet_symbols_stay_known_hundreds_take_turns(self) -> None:
        """They ticked every second, and the market is halted: a check in two seconds must do."""
        for number, claimed in ((15, 15), (300, 20)):
            names = [f"COIN{n}USDT" for n in range(number)]
            staleness = Staleness([*names, "BUSYUSDT"], 0)
            for now in range(60):
                staleness.ticked(dict.fromkeys(names, 1), now)
            turns: Counter[str] = Counter()
            for now in range(60, 60 + 40 * 60, 2):
                staleness.ticked({"BUSYUSDT": 10}, now)
                for name in staleness.suspects(now)[:1]:
                    staleness.looked(name, now)
                    turns[name] += 1
                if now > 1_000 and now % 100 == 0:
                    assert sum(staleness.trusted(name, now) for name in names) >= claimed
            assert sorted(turns) == sorted(names)
            assert max(turns.values()) - min(turns.values()) <= 2
