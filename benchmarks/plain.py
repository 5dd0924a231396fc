"""The usual tracker's table: three columns, no index. The same questions on the same ticks."""

import random
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from .grown import Grown
from .inside import Times
from .proof import check
from .stopwatch import Stopwatch, stopwatch
from .tracker import stay

CREATE = """
CREATE TABLE plain (symbol text, price numeric, timestamp timestamptz);
INSERT INTO plain
    SELECT name, price, timestamp FROM prices_price JOIN prices_symbol symbol ON symbol.id = symbol_id
    WHERE timestamp < '{ends}';
"""  # noqa: E501
SETTLE = "VACUUM (ANALYZE) plain"
DROP = "DROP TABLE plain"

AS_OF = """
SELECT price FROM plain WHERE symbol = %(symbol)s AND timestamp <= %(instant)s
ORDER BY timestamp DESC, ctid DESC LIMIT 1
"""
MINUTE = """
SELECT max(price), min(price) FROM plain
WHERE symbol = %(symbol)s AND timestamp >= %(minute)s AND timestamp < %(minute)s + interval '1 minute'
"""  # noqa: E501

# Places that are asked about: each question reads all of the table.
PLACES = 7


def asking_plain(result: Connection, grown: Grown) -> None:
    """Announces milliseconds in the database, by question."""
    watch = stopwatch()

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(CREATE.format(ends=grown.ends.isoformat()))
        cursor.execute(SETTLE)
        found = ask_plain(watch, grown, cursor)
        cursor.execute(DROP)
    result.send(found)
    stay()


def ask_plain(watch: Stopwatch, grown: Grown, cursor: Any) -> Times:
    """Raises RuntimeError when the tape answers otherwise."""
    from prices.models import Price

    drawn = random.Random(grown.ticks)  # noqa: S311
    times: Times = {"as-of": [], "minute": []}
    for _ in range(PLACES):
        name, instant, minute = grown.symbol(drawn), grown.instant(drawn), grown.minute(drawn)
        where = {"symbol": name, "instant": instant, "minute": minute}
        times["as-of"].append(watch.times(partial(cursor.execute, AS_OF, where))[0])
        tick, _ = Price.objects.as_of(name, instant)
        check(tick and (tick.price,), cursor.fetchone(), f"{name} at {instant}")
        times["minute"].append(watch.times(partial(cursor.execute, MINUTE, where))[0])
        candle, _ = Price.objects.minute(name, minute)
        found = (candle.high, candle.low) if candle else (None, None)
        check(found, cursor.fetchone(), f"{name} in {minute}")
    return times
