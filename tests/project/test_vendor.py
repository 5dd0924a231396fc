"""What others have made and we ship: unchanged, and with its licence beside it."""

import gzip
import hashlib
from pathlib import Path

CHART = Path(__file__).parents[2] / "static" / "vendor" / "lightweight-charts"
MODULE = CHART / "lightweight-charts.standalone.production.mjs"


def test_the_chart_library_is_the_one_that_its_readme_names() -> None:
    digest = hashlib.sha256(MODULE.read_bytes()).hexdigest()
    assert f"`{digest}`" in (CHART / "README.md").read_text(encoding="utf-8")
    assert "Apache License" in (CHART / "LICENSE").read_text(encoding="utf-8")


def test_its_compressed_form_holds_the_same() -> None:
    assert gzip.decompress(Path(f"{MODULE}.gz").read_bytes()) == MODULE.read_bytes()
