"""Ticks from when times were not looked at: found, taken off, and fetched again."""

import pytest

from prices.models import Candle, Price, Symbol
from tests.support.audits import verify
from tests.support.tapes import at, check, instant, open_gaps, open_tape, tick

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = [tick(n, n) for n in range(1, 31)]
CENTURIES = 2954 * 365 * 86_400


IN_1980 = -1_400_000_000


def test_the_oldest_of_all_before_the_exchange_opened() -> None:
    """No tick is before it, so it takes no step back."""
    with open_tape() as tape:
        tape.store([tick(1, IN_1980), *GOOD[1:]])
        assert "1 impossible time" in verify()[1]
        assert "1 misdated tick removed" in verify("--remove-misdated")[1]
        tape.fill("BTCUSDT", [GOOD[0]])
        check(tape, GOOD)


@pytest.mark.parametrize("seconds", [CENTURIES, IN_1980, 86_400, -60])
def test_the_year_4980_is_found_removed_and_fetched_again(seconds) -> None:
    poisoned = [tick(15, 15 + seconds) if good.first == 15 else good for good in GOOD]
    with open_tape() as tape:
        tape.store(poisoned)
        code, said = verify()
        assert code == 1
        assert "1 impossible time" in said
        assert "manage.py verify_prices --remove-misdated BTCUSDT" in said
        code, said = verify("--remove-misdated")
        assert (code, open_gaps()) == (1, [(15, 15)])
        assert "1 misdated tick removed" in said
        check(tape, [good for good in GOOD if good.first != 15])
        tape.fill("BTCUSDT", [GOOD[14]])
        check(tape, GOOD)
    assert verify()[0] == 0


def test_the_newest_of_all_and_what_was_claimed_through_it() -> None:
    with open_tape() as tape:
        tape.store([*GOOD, tick(31, CENTURIES)])
        tape.heartbeat(["BTCUSDT"], instant(at(CENTURIES)))
        assert "2 impossible times" in verify()[1]
        verify("--remove-misdated")
    assert open_gaps() == [(31, 31)]
    assert Price.objects.count() == 30
    assert Candle.objects.count() == 1
    symbol = Symbol.objects.get()
    assert (symbol.heard_at, symbol.heard_through) == (None, instant(at(30)))
