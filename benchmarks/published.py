"""The table of figures in docs/performance.md, written from those of the last runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prices.formats.counts import counted

PAGE = Path("docs/performance.md")

# Between these two lines nothing is written by hand.
BEGINS = "<!-- figures: written by `python -m benchmarks --publish` -->\n"
ENDS = "<!-- end of figures -->\n"

MIDDLE = ("median", "least", "most")
SHARES = ("median", "99 %", "99.9 %")

FEW, MANY, SECURED = (
    f"recording, {what}" for what in ("2 symbols", "400 symbols", "2 symbols, over TLS")
)
AGAINST = "recording and storing, by their baselines"
LONG = "at 100 million ticks"


class Line(NamedTuple):
    """A figure as the table has it, what is aimed at, and where it is found: part, title, row, and
    columns.
    """

    words: str
    aim: str
    part: str
    title: str
    row: str
    columns: tuple[str, ...] = MIDDLE
    unit: str = ""


def questions(words: str, row: str, aim: str = "", asked: str = "") -> Line:
    return Line(words, aim, "questions", f"database time {LONG}{asked}, ms", row, SHARES, " ms")


def over_http(words: str, row: str) -> Line:
    title = f"over HTTP {LONG}, median, times nothing"
    return Line(words, "1.5 or less", "questions", title, row)


LINES = (
    Line(
        "Throughput vs. a bare websocket-client loop, 2 symbols (x)",
        "0.8 or more",
        "recording",
        FEW,
        "the second by the first",
    ),
    Line("- over TLS", "", "recording", SECURED, "the second by the first"),
    Line("- 400 symbols", "", "recording", MANY, "the second by the first"),
    Line(
        "- ticks committed per second", "", "recording", FEW, "recorder, ticks committed a second"
    ),
    Line(
        "- recorder's CPU seconds per million ticks",
        "",
        "recording",
        FEW,
        "recorder, processor seconds a million ticks",
    ),
    Line(
        "Throughput vs. one INSERT and commit per tick (x)",
        "25 or more",
        "recording",
        AGAINST,
        "recorder by one INSERT and commit a tick",
    ),
    Line(
        "Storing in batches of 10,000 vs. one COPY of the same rows (x)",
        "0.5 or more",
        "recording",
        AGAINST,
        "the tape, batches of 10,000, by COPY in one go",
    ),
    *(
        Line(
            f"Freshness: frame to visible row, {rate} per second",
            aim,
            "freshness",
            f"freshness at {rate} ticks a second, ms",
            "another session has read it",
            SHARES,
            " ms",
        )
        for rate, aim in (("100", ""), ("1,000", "5 and 25 ms"), ("10,000", ""))
    ),
    questions("Price at an instant, database time, 100 million ticks", "as-of", "0.2 and 1 ms"),
    questions("High and low of a minute, the same", "minute", "0.2 and 1 ms"),
    questions("Latest price, the same", "latest"),
    *(
        questions(f"- {name} alone, {words}", f"{row}, {turn}", asked=", after a cold start")
        for turn, words in (("first", "cold server"), ("again", "again"))
        for name, row in (("instant", "as-of"), ("minute", "minute"))
    ),
    Line(
        "- instant and minute, vs. 1 million ticks (x)",
        "1.5 or less",
        "questions",
        "database time, median, times that at 1 million ticks",
        LONG,
        ("as-of", "minute"),
    ),
    Line(
        "- instant vs. a table of three columns without an index, 10 million ticks (x slower)",
        "",
        "questions",
        "no index at 10 million ticks, database time, median, ms",
        "as-of",
        ("ratio",),
    ),
    over_http("Latest price over HTTP vs. an empty view (x)", "latest"),
    over_http("Price at an instant, the same", "as-of"),
    over_http("High and low of a minute, the same", "minute"),
    *(
        Line(words, "", "orm", "in Python at 1 million ticks, the ORM by our SQL", row)
        for words, row in (
            ("Latest price by the ORM instead of our SQL (x slower), 1 million ticks", "latest"),
            ("Price at an instant, the same", "as-of"),
            ("High and low of a minute, the same", "minute"),
            ("500 one-minute candles, the same", "500 candles"),
            ("State of all 40 symbols, the same", "state of all"),
        )
    ),
    Line(
        "500 one-minute candles over HTTP",
        "15 ms",
        "questions",
        f"over HTTP {LONG}, ms",
        "500 candles",
        SHARES,
        " ms",
    ),
    Line(
        "Bytes per tick, indexes included: 2 symbols, 400",
        "130 and 150",
        "cost",
        "bytes a tick on disk",
        "in all",
        ("2 symbols", "400 symbols"),
    ),
    Line(
        "Recorder's memory at 10,000 ticks per second: after warm-up, after 10 minutes, peak",
        "less than 143 MiB (150 MB)",
        "cost",
        "memory at 10,000 ticks a second for 10 minutes, MiB",
        "recorder",
        ("after warm-up", "at the end", "at its peak"),
        " MiB",
    ),
    Line(
        "REST weight for a missed hour, of 6,000 per minute",
        "",
        "cost",
        "a missed hour, fetched",
        "weight, of 6,000 a minute",
    ),
    Line(
        "Tape complete again after a minute's outage",
        "",
        "outage",
        "after an outage of 60 seconds",
        "seconds until whole",
        unit=" s",
    ),
)


def write(results: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    PAGE.write_text(before + BEGINS + "".join(table(results)) + ENDS + after, encoding="utf-8")


def table(results: dict[str, Any]) -> Iterator[str]:
    yield "| what | measured | target |\n|---|---|---|\n"
    for line in LINES:
        found = results.get(line.part, {}).get("tables", {}).get(line.title, {}).get(line.row)
        if found:
            yield f"| {line.words} | {told(line, found)} | {line.aim} |\n"
    yield "\n"
    for part, found in sorted(results.items()):
        rounds = counted(found["options"]["rounds"], "round")
        yield f"{part}: {rounds}; {found['machine']}, {found['at'][:10]}.  \n"


def told(line: Line, found: dict[str, float]) -> str:
    """Figures as people write them: a median with its spread, or one beside the other."""
    figures = [f"{rounded(found[column])}{line.unit}" for column in line.columns]
    if line.columns == MIDDLE:
        return f"{figures[0]} ({figures[1]} to {figures[2]})"
    if line.columns == SHARES:
        return f"median {figures[0]}, 99 % {figures[1]}, 99.9 % {figures[2]}"
    return ", ".join(figures)


def rounded(figure: float) -> str:
    """Three digits say all that a measurement knows."""
    if figure >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"
