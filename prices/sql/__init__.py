"""All SQL of the product: complete statements in files, `write/`, `read/` and `audit/`.

Their parameters are psycopg's, `%(name)s`. What several share is a
function or a view of the database, made by a migration. One, `read/candle_coverage`, goes on from
the rows of another, so that both are of one snapshot.
"""

from functools import cache
from pathlib import Path
from typing import LiteralString

FOLDER = Path(__file__).parent


@cache
def statement(name: str) -> LiteralString:
    """The text of a statement, such as "write/fold", as it stands in its file."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
