"""The witness: for which symbols it vouches, and through which instant of the exchange's clock."""

from hypothesis import given
from hypothesis import strategies as st

from prices.recording.watermark import SETTLING, Watermark

SENT = 1_751_531_435_987_239

# The exchange's clock is known to be further.
LATER = SENT + 10**12


def test_vouches_for_each_symbol_from_its_first_tick_on() -> None:
    watermark = Watermark()
    assert watermark.symbols == set()
    watermark.hear({"BTCUSDT"}, SENT, 10.0)
    watermark.hear({"ETHUSDT"}, SENT, 11.0)
    assert watermark.symbols == {"BTCUSDT", "ETHUSDT"}


def test_vouches_for_none_after_the_connection_is_lost() -> None:
    watermark = Watermark()
    watermark.hear({"BTCUSDT", "ETHUSDT"}, SENT, 10.0)
    watermark.lose()
    assert watermark.symbols == set()
    watermark.hear({"ETHUSDT"}, SENT, 20.0)
    assert watermark.symbols == {"ETHUSDT"}


def test_goes_on_with_the_last_frame_less_its_travel_time() -> None:
    watermark = Watermark()
    watermark.hear({"BTCUSDT"}, SENT, 10.0)
    assert watermark.through(10.0, LATER) == SENT - SETTLING
    # Something heard before the tick was taken over says nothing of the time after it.
    assert watermark.through(9.0, LATER) == SENT - SETTLING
    assert watermark.through(30.25, LATER) == SENT + 20_250_000 - SETTLING


def test_one_event_ahead_of_the_known_clock_claims_no_more() -> None:
    watermark = Watermark()
    watermark.hear({"BTCUSDT"}, SENT + 300_000_000, 10.0)
    assert watermark.through(10.0, SENT) == SENT - SETTLING


@given(st.floats(0, 1e6), st.floats(0, 60), st.floats(0, 60), st.floats(0, 1e4), st.floats(0, 1.9))
def test_never_runs_ahead_of_the_exchange(received, waited, passed, delay, on_its_way) -> None:
    """Ticks wait in the buffer, frames take some time, and a trade takes up to 1.9 s to be sent:
    none is vouched for early.
    """
    watermark = Watermark()
    watermark.hear({"BTCUSDT"}, SENT, taken=received + waited)
    heard = received + passed
    # What is heard `passed` seconds after the tick was sent so much later at the earliest, however
    # long both took.
    sent_then = SENT + passed * 1_000_000
    first_that_may_be_missing = sent_then - on_its_way * 1_000_000
    assert watermark.through(heard, LATER) <= first_that_may_be_missing
