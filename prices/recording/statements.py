"""The statements by which the tape is written; the long ones, in files of their own, say what they take."""

from pathlib import Path

from ..channels import TICKS


def statement(name: str) -> str:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


FOLD, FOLLOWS, NOTE, REFOLD, VOID = map(statement, ("fold", "follows", "note", "refold", "void"))
STORE, FOLLOWED = (statement(name).replace("-- {fold}", FOLD) for name in ("store", "followed"))
PRUNE, PRUNABLE = (statement("prunable") + statement(name) for name in ("prune", "pruned"))

COPY = "COPY prices_price (id, timestamp, trades, symbol_id, price, quantity) FROM STDIN"

# One writer at a time, whoever it is: what a statement finds on the tape then stays so until it commits. The number is
# arbitrary, but all writers must use the same.
PEN = 0x7072_6963_6573
TAKE_PEN = f"SELECT pg_advisory_xact_lock({PEN})"

# Ordinary numbering would burn a number at each start, and a smallint has only 32,767.
REGISTER = """
INSERT INTO prices_symbol (name)
SELECT name FROM unnest(%(names)s::text[]) AS name
WHERE NOT EXISTS (SELECT FROM prices_symbol known WHERE known.name = name.name)
"""

# Rows are locked in one order, so that two recorders never wait for each other; and not so that a new gap would have to wait,
# which refers to one of them.
HEARTBEAT = """
UPDATE prices_symbol symbol SET
    heard_at = now(), heard_through = greatest(symbol.heard_through, %(through)s), lag = %(lag)s
FROM (SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE) AS locked
WHERE symbol.id = locked.id
"""
SILENCE = """
UPDATE prices_symbol symbol SET heard_at = NULL
FROM (SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE) AS locked
WHERE symbol.id = locked.id
"""

TRIED = "UPDATE prices_gap SET attempts = attempts + 1 WHERE id = %(gap)s"
FAILED = "UPDATE prices_gap SET last_error = %(error)s WHERE id = %(gap)s"

# Sent when the transaction is committed, and not at all when it is not.
TELL = f"SELECT pg_notify('{TICKS}', %(numbers)s)"

# Gaps that lie side by side are one hole: a tick may reach over both. Where the tape was pruned nothing is filled any more.
MISSING = """
SELECT lower(hole), upper(hole) - 1 FROM (
    SELECT unnest(range_agg(int8range(first_trade, last_trade, '[]'))) AS hole
    FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
    WHERE symbol_id = %(symbol)s AND status = 'open' AND first_trade <= %(last)s
        AND last_trade >= greatest(%(first)s::bigint, kept_from)
) AS holes ORDER BY hole
"""

NEWEST = """
SELECT (id & ((1::bigint << 44) - 1)) + trades - 1, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s ORDER BY id DESC LIMIT 1
"""
