"""Strays: single ticks whose trade ids the exchange does not know. Deletes them from the tape.

A tick with a wrong id at the beginning of a tape would keep all others off it: their ids are far
from its own, as if they were of another exchange.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from ..exchange.messages import AggTrade, micros
from ..minutes import EPOCH, minute_start
from ..patience import patiently
from ..sql import statement
from .store import lock, refold, tell
from .tape import Tape
from .tape_ticks import only_tick

logger = logging.getLogger(__name__)

REMOVE, FORGET_GAPS = map(statement, ("write/remove_ticks", "write/forget_gaps"))

# The watermark of the symbol was based on a stray.
UNCLAIM = """
UPDATE prices_symbol SET heard_at = NULL, heard_through = NULL WHERE id = %(symbol)s
"""


def remove_only(tape: Tape, symbol: str) -> AggTrade | None:
    """Delete the only tick of a tape, and return it; None when it is not the only one."""

    def remove() -> AggTrade | None:
        with tape.database.transaction():
            lock(tape.database, {tape.numbers[symbol]})
            stray = only_tick(tape, symbol)
            if stray is not None:
                take_off(tape, symbol, [stray])
            return stray

    return patiently(tape.database, "remove a stray tick", remove)


def remove(tape: Tape, symbol: str, strays: Sequence[AggTrade]) -> None:
    """Delete ticks at either end of a tape, and the gaps between them and the others."""
    patiently(tape.database, "remove stray ticks", partial(_remove, tape, symbol, strays))


def _remove(tape: Tape, symbol: str, strays: Sequence[AggTrade]) -> None:
    with tape.database.transaction():
        lock(tape.database, {tape.numbers[symbol]})
        take_off(tape, symbol, strays)


def take_off(tape: Tape, symbol: str, strays: Sequence[AggTrade]) -> None:
    """Delete ticks within a transaction that holds the writer lock of the symbol."""
    number = tape.numbers[symbol]
    firsts = [tick.first for tick in strays]
    tape.database.execute(REMOVE, {"symbol": number, "firsts": firsts})
    tape.database.execute(FORGET_GAPS, {"symbol": number})
    tape.database.execute(UNCLAIM, {"symbol": number})
    refold(tape.database, number, sorted({minute_start(instant(tick)) for tick in strays}))
    tell(tape.database, {number})
    for tick in strays:
        logger.warning(
            "%s: removed trade %d (%s for %s at %s), which the exchange does not know.",
            symbol,
            tick.first,
            tick.quantity,
            tick.price,
            instant(tick).isoformat(),
        )


def instant(tick: AggTrade) -> datetime:
    return EPOCH + timedelta(microseconds=micros(tick.traded))
