"""Scripts of faults, and the catalogue that says what may stand in them."""

import math
import re
from pathlib import Path

import pytest

from replay.faults.catalogue import CATALOGUE, check
from replay.faults.entry import FaultError
from replay.faults.fault import Fault
from replay.faults.script import ScriptError, read
from tests.support.stepped import fault

DOCS = Path(__file__).parents[2] / "docs" / "torture.md"


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "faults.txt"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(tmp_path: Path, text: str) -> str:
    path = script(tmp_path, text)
    with pytest.raises(ScriptError) as error:
        read(path)
    return str(error.value).removeprefix(str(path))


def test_a_script_has_one_fault_a_line(tmp_path):
    text = """\
# seconds  fault   options
12.5       close   code=1001 reason="back soon"   # a maintenance

20         skip    count=25 symbol=BTCUSDT
40         refuse  status=451 seconds=10
"""
    assert read(script(tmp_path, text)) == [
        Fault(name="close", at=12.5, options={"code": "1001", "reason": "back soon"}),
        Fault(name="skip", at=20, count=25, symbol="BTCUSDT"),
        Fault(name="refuse", at=40, seconds=10, options={"status": "451"}),
    ]


def test_without_an_end_a_fault_goes_on(tmp_path):
    (mute,) = read(script(tmp_path, "0 mute"))
    assert (mute.seconds, mute.count, mute.symbol) == (math.inf, 1, "")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("close", "'close' is not seconds and a fault, like: 12.5 close code=1001."),
        ("soon close", "at of close must be a number of seconds, like 2.5, not 'soon'."),
        ("-1 close", "at of close must be a number of seconds, like 2.5, not '-1'."),
        ("nan close", "at of close must be a number of seconds, like 2.5, not 'nan'."),
        ("1 close 1001", "'1001' is not an option: write it like count=25."),
        ("1 close code=1001 code=1002", "code is given twice."),
        ("1 close code=5", "code of close must be a whole number from 1000 to 4999, not '5'."),
        ("1 close reason=", "reason of close must not be empty, not ''."),
        ("1 skip count=0", "count of skip must be a whole number from 1 to 100000, not '0'."),
        ("1 skip by=3", "skip does not take by: it takes seconds, count, symbol."),
        ("1 skip at=3", "skip does not take at: it takes seconds, count, symbol."),
        ("1 refuse", "refuse needs status=."),
        ("1 delay by=3", "delay needs seconds=."),
        ("1 mute seconds=inf", "seconds of mute must be a number of seconds, like 2.5, not 'inf'."),
        (
            "1 refuse status=200",
            "status of refuse must be 451 or 403 or 429 or 502 or 503, not '200'.",
        ),
        ('1 close reason="back', "No closing quotation."),
    ],
)
def test_a_bad_line_is_refused_in_one_sentence(tmp_path, line, sentence):
    assert complaint(tmp_path, f"# a comment\n{line}\n") == f", line 2: {sentence}"


def test_an_unknown_fault_is_told_which_there_are(tmp_path):
    said = complaint(tmp_path, "1 clsoe")
    assert said == f", line 1: 'clsoe' is not a fault: there are {', '.join(CATALOGUE)}."


def test_a_file_that_is_no_script_is_one_sentence(tmp_path):
    with pytest.raises(ScriptError, match=r"cannot be read \(No such file or directory\)\."):
        read(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ScriptError, match=r"binary: not a text file\."):
        read(tmp_path / "binary")


@pytest.mark.parametrize(
    "bad",
    [
        fault("clsoe"),
        fault("close", at=-1),
        fault("close", count=2),
        fault("refuse"),
        fault("refuse", status=200),
        fault("delay", by=1),
        fault("slow-handshake", delay=1, symbol="BTCUSDT"),
    ],
    ids=str,
)
def test_faults_by_hand_are_checked_in_the_same_way(bad):
    with pytest.raises(FaultError):
        check(bad)


def test_the_documentation_has_a_row_for_each_fault():
    rows = dict(
        re.findall(r"^\| `([\w-]+)` \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    )
    # Further tables have rows of their own.
    assert rows.keys() >= CATALOGUE.keys()
    for name, entry in CATALOGUE.items():
        missing = [option for option in entry.takes() if f"`{option}" not in rows[name]]
        assert missing == [], name
        assert entry.summary.replace("|", r"\|") in rows[name]  # a bar would end the cell
