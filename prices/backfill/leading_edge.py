"""What is missing before the first tick of a file, because its first rows could not be imported.

Between two ticks the gap ledger finds by itself what is missing. Before the first tick of a tape
nothing shows it but the row.
"""

from collections.abc import Iterable, Sequence

from ..exchange.messages import AggTrade, micros
from ..intervals import Span, joined
from ..recording.batch import instant
from ..recording.tape import Hole

# Microseconds. Files of the archive begin with a day of UTC: so did their first trades.
DAY = 86_400_000_000


def leading(ticks: Sequence[AggTrade], lost: Iterable[Span]) -> Hole | None:
    """The trades right before the first tick, if they are among the lost ones.

    ticks: what was imported of the beginning of a file, in order of trade id. lost: the trade ids
    of its other rows.
    """
    if not ticks:
        return None
    first, time = ticks[0].first, micros(ticks[0].traded)
    for span in joined(lost):
        if span[0] < first <= span[1] + 1:
            return Hole(span[0], first - 1, instant(time // DAY * DAY), instant(time))
    return None
