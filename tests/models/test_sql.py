"""The SQL of the product: complete statements, which EXPLAIN can read, each of them used."""

import re
from collections import defaultdict

import pytest
from django.conf import settings
from django.db import connection

from prices.coverage import GAPS_LISTED
from prices.models.symbol import HEARTBEAT_COUNTS_FOR
from prices.sql import FOLDER, statement
from tests.support.tapes import open_tape

# Statements that go on from the rows of others, of the same snapshot, and one of these.
GOES_ON = {"read/candle_coverage": ("candle", "read/minutes")}

# A limit that bounds nothing, for the planner.
NO_LIMIT = 2**63 - 1

NAMES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.sql"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "write/copy"])
def test_explain_reads_it(name: str) -> None:
    with open_tape() as tape:
        text = statement(name)
        if name in GOES_ON:
            rows, before = GOES_ON[name]
            text = f"WITH {rows} AS ({statement(before)}) {text}"
        assert tape.database.execute("EXPLAIN " + text, defaultdict(lambda: None))


def test_each_is_used() -> None:
    product = [*(settings.BASE_DIR / "prices").rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in product)
    assert [name for name in NAMES if f'"{name}"' not in text] == []


def test_no_sql_is_put_together() -> None:
    """What looks like a place to put something in stands in no file."""
    assert [name for name in NAMES if re.search(r"\{[a-z_]+\}", statement(name))] == []


def test_constants_are_those_of_the_code() -> None:
    """Written out in SQL, as each parameter takes time."""
    counts = re.compile(r"heard_at > statement_timestamp\(\) - interval '(\d+) seconds'")
    limits = re.compile(r"LIMIT (\d\d+)")
    texts = [statement(name) for name in NAMES if name.startswith("read/")]
    found = {int(number) for text in texts for number in counts.findall(text)}
    assert found == {HEARTBEAT_COUNTS_FOR.total_seconds()}
    bounds = {int(number) for text in texts for number in limits.findall(text)}
    assert bounds - {NO_LIMIT} == {GAPS_LISTED}


@pytest.mark.django_db
def test_the_view_of_the_newest_lists_as_many_gaps() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_viewdef('prices_latest'::regclass)")
        ((definition,),) = cursor.fetchall()
    assert f"LIMIT {GAPS_LISTED})" in definition
