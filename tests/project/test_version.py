"""One version, written in one place, is told wherever the tracker says what it is."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.test import Client

from pricetracker import __version__

PROJECT = Path(__file__).parents[2]
CHANGELOG = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_command_line_tells_the_trackers_version(asked: str) -> None:
    command = [sys.executable, "manage.py", asked]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=True)
    assert said.stdout == f"pricetracker {__version__}\n"


def test_the_version_is_told_even_where_settings_are_wrong(monkeypatch) -> None:
    monkeypatch.setenv("BINANCE_EXCHANGE", "nowhere")
    command = [sys.executable, "manage.py", "version"]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=True)
    assert said.stdout == f"pricetracker {__version__}\n"


@pytest.mark.django_db
def test_the_page_shows_the_version(client: Client) -> None:
    footer = client.get("/").text.partition("<footer>")[2]
    assert f"Price Tracker {__version__}<" in footer


def test_the_api_root_shows_the_version(client: Client) -> None:
    assert client.get("/api/").json()["version"] == __version__


def test_the_schema_bears_the_version(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.json()["info"]["version"] == __version__


def test_the_metadata_reads_the_version_from_the_code() -> None:
    metadata = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in metadata["project"]["dynamic"]
    dynamic = metadata["tool"]["setuptools"]["dynamic"]
    assert dynamic["version"] == {"attr": "pricetracker.__version__"}


def test_the_changelog_dates_the_version() -> None:
    releases = re.findall(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)
    assert releases[0] == "Unreleased"
    assert re.fullmatch(rf"\[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d", releases[1])
