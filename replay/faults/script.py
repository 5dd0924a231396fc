"""A script: a text file of faults, one a line.

# seconds  fault  options
12.5       close  code=1001 reason="back soon"
20         skip   count=25 symbol=BTCUSDT
"""

import shlex
from pathlib import Path

from .catalogue import parsed
from .entry import FaultError
from .fault import Fault


class ScriptError(Exception):
    """A script that cannot be played; the message is one sentence for the user."""


def read(path: Path) -> list[Fault]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ScriptError(f"{path}: not a text file.") from None
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read ({error.strerror or error}).") from None
    faults = []
    for number, line in enumerate(lines, 1):
        try:
            words = shlex.split(line, comments=True)
            if words:
                faults.append(_fault(words))
        except (FaultError, ValueError) as error:
            sentence = str(error).removesuffix(".")
            raise ScriptError(f"{path}, line {number}: {sentence}.") from None
    return faults


def _fault(words: list[str]) -> Fault:
    if len(words) < 2:
        raise FaultError(f"{words[0]!r} is not seconds and a fault, like: 12.5 close code=1001")
    at, name, *pairs = words
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{pair!r} is not an option: write it like count=25")
        if key in values:
            raise FaultError(f"{key} is given twice")
        values[key] = value
    return parsed(name, at, values)
