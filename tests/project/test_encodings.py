"""Text has one encoding on every machine: whatever reads or writes it says which."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "prices", "pricetracker", "replay", "tests")

# How many arguments come before the encoding.
BEFORE_ENCODING = {"read_text": 0, "write_text": 1, "TextIOWrapper": 1}

# Where the mode stands, and what it is when it is not given. Of other objects' `open`, Path's has
# it first.
MODES = {"open": (1, "r"), "os.fdopen": (1, "r"), "gzip.open": (1, "rb")}
MODES |= dict.fromkeys(("NamedTemporaryFile", "TemporaryFile"), (0, "w+b"))
MODE = re.compile("[rwxabt+]+")


def test_all_text_names_its_encoding() -> None:
    files = [PROJECT / "manage.py"]
    for folder in FOLDERS:
        files += (PROJECT / folder).rglob("*.py")
    assert [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in sorted(files)
        for line in unnamed(path.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    "code",
    [
        "path.read_text()",
        "path.write_text('a')",
        "path.open()",
        "path.open('a')",
        "path.open(mode='w')",
        "open(path)",
        "gzip.open(path, 'rt', newline='')",
        "os.fdopen(number, 'w')",
        "io.TextIOWrapper(raw)",
        "tempfile.NamedTemporaryFile('w')",
        "subprocess.run(command, text=True)",
        "subprocess.Popen(command, errors='replace')",
        "subprocess.run(command, universal_newlines=True)",
    ],
)
def test_what_names_none_is_found(code: str) -> None:
    assert list(unnamed(code)) == [1]


@pytest.mark.parametrize(
    "code",
    [
        "path.read_text('utf-8', 'surrogateescape')",
        "path.write_text('a', encoding='ascii')",
        "path.open('rb')",
        "open(path, 'rb')",
        "gzip.open(path)",
        "os.open(path, os.O_RDONLY)",
        "os.fdopen(number, 'wb')",
        "archive.open(names[0])",
        "subprocess.run(command, encoding='utf-8')",
        "subprocess.run(command)",
    ],
)
def test_what_needs_none_is_let_be(code: str) -> None:
    assert list(unnamed(code)) == []


def unnamed(code: str) -> Iterator[int]:
    """The lines of the calls that leave the encoding to the machine."""
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    for call in calls:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if "encoding" not in keywords and is_text(call, keywords):
            yield call.lineno


def is_text(call: ast.Call, keywords: dict[str | None, ast.expr]) -> bool:
    whole = ast.unparse(call.func)
    name = whole.rpartition(".")[2]
    if name in BEFORE_ENCODING:
        return len(call.args) <= BEFORE_ENCODING[name]
    if name in {"run", "Popen", "check_output"}:
        return bool({"text", "universal_newlines", "errors"} & set(keywords))
    if mode := MODES.get(whole) or MODES.get(name if name != "open" else ""):
        place, default = mode
        given = keywords.get("mode") or (call.args[place] if len(call.args) > place else None)
        return "b" not in (default if given is None else value(given))
    if name == "open" and whole != "os.open":
        given = keywords.get("mode") or (call.args[0] if call.args else ast.Constant("r"))
        return MODE.fullmatch(value(given)) is not None and "b" not in value(given)
    return False


def value(expression: ast.expr) -> str:
    """A string that stands there; of anything else, what no mode is."""
    return str(expression.value) if isinstance(expression, ast.Constant) else ""
