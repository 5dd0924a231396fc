"""The faults of REST, by name."""

from random import Random

from .entry import Entry, one_of, seconds, whole

STATUSES = ("403", "418", "429", "451", "500", "502", "503", "504")
SILENT = ("BREAK", "CANCEL_ONLY", "END_OF_DAY", "HALT")

FOR = "; for seconds, or else for count answers"


def _status(random: Random) -> dict[str, str]:
    status = random.choice(STATUSES)
    if status in ("418", "429"):
        return {"status": status, "retry-after": str(random.randint(1, 5))}
    return {"status": status}


def _every(random: Random) -> dict[str, str]:
    return {"every": str(random.randint(2, 50))}


REST: dict[str, Entry] = {
    "rest-down": Entry(
        kind="REST",
        summary=f"connections are cut without an answer{FOR}",
        lasts=True,
        counts=True,
        by_symbol=True,
        heavy=True,
    ),
    "rest-status": Entry(
        kind="REST",
        summary=f"status={'|'.join(STATUSES)} instead of an answer, retry-after=SECONDS (5) with"
        f" 418 and 429, body=html|json with 5xx (html, but json with 500){FOR}",
        options={
            "status": one_of(*STATUSES),
            "retry-after": whole(),
            "body": one_of("html", "json"),
        },
        required=("status",),
        lasts=True,
        counts=True,
        by_symbol=True,
        heavy=True,
        draw=_status,
    ),
    "rest-slow": Entry(
        kind="REST",
        summary=f"each answer takes delay=SECONDS{FOR}",
        options={"delay": seconds},
        required=("delay",),
        lasts=True,
        counts=True,
        by_symbol=True,
        draw=lambda random: {"delay": f"{random.uniform(0.2, 5):.1f}"},
    ),
    "rest-html": Entry(
        kind="REST",
        summary=f"200 with a page of HTML{FOR}",
        lasts=True,
        counts=True,
        by_symbol=True,
    ),
    "rest-truncate": Entry(
        kind="REST",
        summary=f"200 with JSON that is cut in the middle{FOR}",
        lasts=True,
        counts=True,
        by_symbol=True,
    ),
    "rest-stale": Entry(
        kind="REST",
        summary="aggTrades and klines lag by lag=SECONDS, in the exchange's time",
        options={"lag": seconds},
        required=("lag",),
        lasts=True,
        by_symbol=True,
        draw=lambda random: {"lag": f"{random.uniform(0.2, 20):.1f}"},
    ),
    "rest-omit": Entry(
        kind="REST",
        summary="aggTrades omits the aggregates that contain the trades first=ID to last=ID",
        options={"first": whole(0), "last": whole(0)},
        required=("first", "last"),
        lasts=True,
        by_symbol=True,
        draw=None,  # ids that are traded cannot be guessed
    ),
    "rest-retention": Entry(
        kind="REST",
        summary="aggTrades no longer has trades before first=ID",
        options={"first": whole(0)},
        required=("first",),
        lasts=True,
        by_symbol=True,
        draw=None,
    ),
    "tombstones": Entry(
        kind="REST",
        summary="in aggTrades each every=N-th aggregate is followed by one of price 0 "
        "without trades, which uses up an aggregate id",
        options={"every": whole()},
        required=("every",),
        lasts=True,
        by_symbol=True,
        draw=_every,
    ),
    "twice": Entry(
        kind="REST",
        summary=(
            "in aggTrades each every=N-th aggregate repeats the aggregate id of the row before it"
        ),
        options={"every": whole(2)},
        required=("every",),
        lasts=True,
        by_symbol=True,
        draw=_every,
    ),
    "time-back": Entry(
        kind="REST",
        summary=("in aggTrades each every=N-th aggregate is 5 ms earlier, but still in its minute"),
        options={"every": whole()},
        required=("every",),
        lasts=True,
        by_symbol=True,
        draw=_every,
    ),
    "status": Entry(
        kind="REST",
        summary=f"exchangeInfo gives status={'|'.join(SILENT)}",
        options={"status": one_of(*SILENT)},
        required=("status",),
        lasts=True,
        by_symbol=True,
        draw=lambda random: {"status": random.choice(SILENT)},
    ),
}
