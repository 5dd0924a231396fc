"""What the benchmarks make of measurements: shares, spreads, and the table of figures; that they
keep off other databases.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import published, results, sources
from benchmarks.__main__ import sizes
from benchmarks.figures import Table, percentile, spread
from benchmarks.options import Options
from replay.clock import Clock

BASE = Path(__file__).parents[2]


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([1, 50, 90, 99, 99.9, 100]))
def test_a_share_of_all_values_is_no_larger(values: list[int], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= len(values) * share
    assert sum(value < found for value in values) * 100 < len(values) * share


def test_a_spread_is_told_of_each_figure(capsys: pytest.CaptureFixture[str]) -> None:
    table = spread("recording", [{"rate": 3.0}, {"rate": 1.0}, {"rate": 8.0}])
    assert table.rows == {"rate": {"median": 3.0, "least": 1.0, "most": 8.0}}
    assert capsys.readouterr().out.split() == (
        ["recording", "median", "least", "most", "rate", "3.00", "1.00", "8.00"]
    )


def test_figures_of_a_part_take_the_place_of_its_last_ones(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    for part, figure in (("recording", 1.0), ("cost", 2.0), ("recording", 3.0)):
        table = Table(part, ("median",))
        table.add("rate", (figure,))
        results.keep(file, part, [table], Options(1.0, 3, (1_000_000,)))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert {part: each["tables"] for part, each in found.items()} == {
        "recording": {"recording": {"rate": {"median": 3.0}}},
        "cost": {"cost": {"rate": {"median": 2.0}}},
    }


def test_the_docs_have_the_figures_that_are_kept() -> None:
    """Whoever measures anew writes them both."""
    _, _, rest = (BASE / published.PAGE).read_text(encoding="utf-8").partition(published.BEGINS)
    written, _, _ = rest.partition(published.ENDS)
    assert written == "".join(published.table(results.read(BASE / results.KEPT)))
    assert written.count("\n|") > len(published.LINES) / 2


@pytest.mark.parametrize(
    ("figure", "words"), [(1234.5, "1,234"), (126.4, "126"), (12.34, "12.3"), (0.512, "0.51")]
)
def test_figures_are_written_with_three_digits(figure: float, words: str) -> None:
    assert published.rounded(figure) == words


def test_sizes_of_tapes_are_millions() -> None:
    assert sizes("10,1") == (1_000_000, 10_000_000)
    for nonsense in ("0.5", "ten", ""):
        with pytest.raises((ValueError, argparse.ArgumentTypeError)):
            sizes(nonsense)


def test_the_exchange_at_full_speed_stays_in_the_past() -> None:
    """A recorder refuses the first frames of one that is ahead of all clocks."""
    exchange = sources.endless()
    market = exchange.ledger.markets["BTCUSDT"]
    exchange.clock.reached(market.time_of(market.count_until(exchange.clock.edge()) + 10_000_000))
    assert exchange.clock.now() < Clock().now()


def test_no_database_but_their_own_is_ever_used() -> None:
    here = {
        "DATABASE_URL": "postgresql://somebody@127.0.0.1:1/prices",
        "BENCHMARK_DATABASE": "prices",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE,
        env=os.environ | here,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode != 0
    assert "must begin with pricetracker_benchmark_" in done.stderr
