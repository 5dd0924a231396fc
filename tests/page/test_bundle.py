"""The page's script and style sheet: joined from their files, and fetched in few requests."""

import gzip
import os
from pathlib import Path

import pytest
from django.test import Client

from prices.page import bundle


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "page.js"


def test_a_module_comes_after_what_it_imports_and_once(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        page=(
            'import { one } from "./one.js";\nimport {\n  two as second,\n} from '
            '"./two.js";\none(second);\n'
        ),
        one='import { two } from "./two.js";\n\nexport const one = (n) => n + two;\n',
        two="export const two = 2;\n",
    )
    joined = bundle.joined(entry)
    assert [line for line in joined.splitlines() if line.startswith("const $")] == [
        "const $two = (() => {",
        "const $one = (() => {",
        "const $page = (() => {",
    ]
    assert "const {\n  two: second,\n} = $two;" in joined
    assert "export" not in joined
    assert "import" not in joined


@pytest.mark.parametrize(
    "text",
    [
        "export let changing = 1;\n",
        "export default 1;\n",
        'import * as one from "./one.js";\n',
        'import "./one.js";\n',
        'export { one } from "./one.js";\n',
    ],
)
def test_module_syntax_that_would_change_is_refused(tmp_path: Path, text: str) -> None:
    entry = write(tmp_path, page=text, one="export const one = 1;\n")
    with pytest.raises(ValueError, match=r"page\.js has what cannot be joined"):
        bundle.joined(entry)


def test_modules_that_import_one_another_are_refused(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        page='import { one } from "./one.js";\n',
        one='import { two } from "./two.js";\nexport const one = 1;\n',
        two='import { one } from "./one.js";\nexport const two = 2;\n',
    )
    with pytest.raises(ValueError, match="imports itself"):
        bundle.joined(entry)


def test_an_edited_module_is_served_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices").mkdir()
    entry = write(tmp_path / "prices", page="const a = 1;\n")
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    monkeypatch.setattr(bundle, "ENTRY", entry)
    before = bundle.script()
    assert bundle.script() is before
    entry.write_text("const a = 2;\n", encoding="utf-8")
    os.utime(entry, ns=(0, entry.stat().st_mtime_ns + 1))
    after = bundle.script()
    assert "a = 2" in after.content
    assert after.version != before.version


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/page.js", "text/javascript; charset=utf-8"), ("/page.css", "text/css; charset=utf-8")],
)
def test_both_are_compressed_and_kept(client: Client, path: str, kind: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert plain["Content-Type"] == kind
    assert plain["Cache-Control"] == "public, max-age=31536000, immutable"
