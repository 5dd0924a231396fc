"""Recognises in one question that the tape has all ticks of a part, so that it is skipped fast."""

import hashlib
from collections.abc import Sequence

from ..exchange.messages import AggTrade, micros
from ..recording.tape import Tape
from ..sql import statement

DIGEST = statement("read/digest")

SIDES = {True: "true", False: "false", None: ""}


def is_known(tape: Tape, ticks: Sequence[AggTrade]) -> bool:
    """Whether the tape has exactly these ticks of one symbol, in order of trade id.

    False does not mean that one is missing: only that each has to be looked at. So it is when a
    price is not written with eight decimals, or when the times of one side are in milliseconds.
    Raises one of AWAY.
    """
    asked = {
        "symbol": tape.numbers[ticks[0].symbol],
        "first": ticks[0].first,
        "last": ticks[-1].first,
        "most": len(ticks) + 1,
    }
    ((digest,),) = tape.database.execute(DIGEST, asked, prepare=True).fetchall()
    return digest is not None and digest == digest_of(ticks)


def digest_of(ticks: Sequence[AggTrade]) -> str:
    """The same digest of ticks as `read/digest.sql` makes of rows."""
    text = "\n".join(
        [
            f"{tick.first} {tick.last - tick.first + 1} {micros(tick.traded)}"
            f" {tick.price} {tick.quantity} {SIDES[tick.is_buyer_maker]}"
            for tick in ticks
        ]
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()
