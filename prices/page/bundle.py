"""The page's modules as one script, and its style sheets as one: two requests for a cold load.

The files stay as they are written, one concept each. They are joined when the first page asks for
them, and again after any of them has changed, so whoever edits one needs no build step.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

FOLDER = settings.BASE_DIR / "static"

# The module that imports all others, and the style sheets in their order.
ENTRY = FOLDER / "prices" / "page.js"
SHEETS = [FOLDER / "prices" / f"{name}.css" for name in ("page", "tape", "chart", "answers")]

# What the modules use of the language's module syntax, and all that `joined` understands.
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)

# The address changes with the content.
CACHING = "public, max-age=31536000, immutable"


class Bundle(NamedTuple):
    content: str
    version: str


def script() -> Bundle:
    return _script(_changed(sorted((FOLDER / "prices").rglob("*.js"))))


def sheet() -> Bundle:
    return _sheet(_changed(SHEETS))


def script_url() -> str:
    return f"{reverse('page-script')}?v={script().version}"


def sheet_url() -> str:
    return f"{reverse('page-sheet')}?v={sheet().version}"


@require_safe
@gzip_page
def serve_script(_: HttpRequest) -> HttpResponse:
    return _response(script(), "text/javascript; charset=utf-8")


@require_safe
@gzip_page
def serve_sheet(_: HttpRequest) -> HttpResponse:
    return _response(sheet(), "text/css; charset=utf-8")


def joined(entry: Path) -> str:
    """A module and all that it imports, each in a function of its own, in one script.

    Modules outside the folder of the entry are third-party: they stay imports. Raises ValueError
    for module syntax that would change its meaning here, and for modules that import one another.
    """
    modules = _in_order(entry, [])
    third_party = dict.fromkeys(
        target for path in modules for _, target in _imports(path) if _is_third_party(target, entry)
    )
    heads = [
        f'import * as {_name(path, entry)} from "{static(path.relative_to(FOLDER).as_posix())}";\n'
        for path in third_party
    ]
    return "".join([*heads, *(_wrapped(path, entry) for path in modules)])


def _changed(paths: Iterable[Path]) -> tuple[tuple[str, int], ...]:
    """What tells whether files have changed: their names and times."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in paths)


@functools.lru_cache(maxsize=1)
def _script(_: tuple[tuple[str, int], ...]) -> Bundle:
    return _bundle(joined(ENTRY))


@functools.lru_cache(maxsize=1)
def _sheet(_: tuple[tuple[str, int], ...]) -> Bundle:
    return _bundle("".join(_read(path) for path in SHEETS))


def _bundle(content: str) -> Bundle:
    return Bundle(content, hashlib.sha256(content.encode()).hexdigest()[:12])


def _response(bundle: Bundle, content_type: str) -> HttpResponse:
    return HttpResponse(
        bundle.content, content_type=content_type, headers={"Cache-Control": CACHING}
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _imports(path: Path) -> Iterator[tuple[str, Path]]:
    for names, target in IMPORT.findall(_read(path)):
        yield names, (path.parent / target).resolve()


def _is_third_party(path: Path, entry: Path) -> bool:
    return not path.is_relative_to(entry.parent)


def _in_order(path: Path, importing: list[Path]) -> list[Path]:
    """The modules that one needs, and itself: each after what it imports."""
    if path in importing:
        raise ValueError(f"{path.name} imports itself, through {importing[-1].name}.")
    entry = importing[0] if importing else path
    found: dict[Path, None] = {}
    for _, target in _imports(path):
        if not _is_third_party(target, entry):
            found |= dict.fromkeys(_in_order(target, [*importing, path]))
    return [*found, path]


def _name(path: Path, entry: Path) -> str:
    """What holds a module's exports: chart/axis.js is $chart_axis."""
    try:
        inside = path.relative_to(entry.parent)
    except ValueError:
        inside = path.relative_to(FOLDER)
    return "$" + re.sub(r"\W", "_", inside.with_suffix("").as_posix())


def _wrapped(path: Path, entry: Path) -> str:
    text = _read(path)
    lines = []
    for names, target in _imports(path):
        lines.append(f"const {{{names.replace(' as ', ': ')}}} = {_name(target, entry)};\n")
    exported = [name for _, name in EXPORT.findall(text)]
    text = EXPORT.sub(r"\1", IMPORT.sub("", text))
    if other := OTHER.search(text):
        raise ValueError(f"{path.name} has what cannot be joined: {other[0]}")
    returned = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    return f"const {_name(path, entry)} = (() => {{\n{''.join(lines)}{text}{returned}}})();\n"
