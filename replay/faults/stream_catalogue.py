"""The faults of streams."""

from collections.abc import Callable
from functools import partial
from random import Random

from .entry import Entry, one_of, seconds, text, whole

REFUSALS = ("451", "403", "429", "502", "503")
FAREWELLS = ({"code": "1001"}, {"code": "1008", "reason": "Pong timeout"}, {"code": "1011"})

# Every fault of a stream may have an end, and most of them one symbol.
Fault = partial(Entry, kind="stream", lasts=True, by_symbol=True)
Whole = partial(Entry, kind="stream", lasts=True)


def _brief(option: str) -> Callable[[Random], dict[str, str]]:
    """Draws some seconds for this option."""
    return lambda random: {option: f"{random.uniform(0.2, 5):.1f}"}


STREAMS: dict[str, Entry] = {
    "close": Fault(
        summary="a close frame (`code=1001`, `reason=`), then the end",
        options={"code": whole(1000, 4999), "reason": text},
        draw=lambda random: dict(random.choice(FAREWELLS)),
    ),
    "reset": Fault(summary="the connection is reset (RST)"),
    "fin": Fault(summary="the connection ends (FIN) without a close frame"),
    "half-open": Fault(
        summary=(
            "the socket stays open, but nothing is sent, read or answered any more; then a reset"
        ),
        heavy=True,
    ),
    "mute": Fault(
        summary="no ticks, though pings go on, on the connections that are open when it begins;"
        " with `everywhere=yes` also on new ones",
        options={"everywhere": one_of("yes", "no")},
        heavy=True,
        draw=lambda random: {"everywhere": "yes"} if random.random() < 0.25 else {},
    ),
    "skip": Fault(summary="`count` ticks are not sent", counts=True),
    "double": Fault(summary="`count` ticks are sent twice", counts=True),
    "swap": Fault(
        summary="`count` ticks are each sent after the next one of their symbol", counts=True
    ),
    "truncate": Fault(
        summary="`count` ticks are cut in the middle: whole frames, but no JSON", counts=True
    ),
    "garbage": Fault(
        summary="`count` frames that are no JSON at all come between the ticks", counts=True
    ),
    "replay": Fault(summary="the last `count` ticks are sent again", counts=True),
    "delay": Whole(
        summary="ticks are held back for longer and longer, at the end for `by=SECONDS`; then all"
        " catch up (without effect at `--speed max`)",
        options={"by": seconds},
        required=("seconds", "by"),
        draw=_brief("by"),
    ),
    "shutdown": Fault(
        summary="a serverShutdown event, `form=combined` or `raw` "
        "(by default as the connection is); `grace=SECONDS` (5) later the connection is closed",
        options={"form": one_of("combined", "raw"), "grace": seconds},
        draw=lambda random: {
            "form": random.choice(["combined", "raw"]),
            **_brief("grace")(random),
        },
    ),
    "refuse": Whole(
        summary=f"new connections are refused with `status={'|'.join(REFUSALS)}`",
        options={"status": one_of(*REFUSALS)},
        required=("status",),
        heavy=True,
        draw=lambda random: {"status": random.choice(REFUSALS)},
    ),
    "slow-handshake": Whole(
        summary="new connections wait `delay=SECONDS` for the answer to their upgrade",
        options={"delay": seconds},
        required=("delay",),
        draw=_brief("delay"),
    ),
}
