"""The docs keep up with the code: every setting, every command, every option of a command."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
REFERENCE = (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8")

# Words of the README: more than anybody reads before the first start.
MOST = 900
SETTINGS = (PROJECT / "pricetracker" / "settings.py").read_text(encoding="utf-8")

# Django's own commands, changed within but the same to their users.
SAME_AS_DJANGOS = {"runserver", "migrate"}

# Options that Django gives to every command.
COMMON = {
    "help",
    "version",
    "verbosity",
    "settings",
    "pythonpath",
    "traceback",
    "no_color",
    "force_color",
    "skip_checks",
}


def variables() -> list[str]:
    """The environment variables that the settings file reads."""
    return re.findall(r"(?:env\.\w+|secret_key\.from_env|environ\.get)\(\s*\"([A-Z_]+)\"", SETTINGS)


def commands() -> list[str]:
    return [
        name
        for name, app in get_commands().items()
        if app in {"prices", "replay"} and name not in SAME_AS_DJANGOS
    ]


@pytest.mark.parametrize("name", variables())
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"\n| `{name}` |" in REFERENCE


def test_the_settings_file_reads_what_it_is_thought_to() -> None:
    assert len(variables()) == 10


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_table_with_its_options(name: str) -> None:
    (row,) = [line for line in REFERENCE.splitlines() if line.startswith(f"| `manage.py {name}")]
    usage = row.split("|")[1]
    command = load_command_class(get_commands()[name], name)
    options = command.create_parser("manage.py", name)._actions
    own = [
        action.option_strings[0]
        for action in options
        if action.option_strings and action.dest not in COMMON
    ]
    assert [option for option in own if option not in usage] == []


@pytest.mark.parametrize("last", [".venv/bin/python manage.py start", ".venv/bin/python -m pytest"])
def test_the_two_lines_do_all_the_set_up(last: str) -> None:
    line = f"python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && {last}"
    assert f"\n    {line}\n" in README


def test_the_readme_can_be_read_at_once() -> None:
    assert len(README.split()) < MOST


def test_the_readme_leads_to_every_document() -> None:
    found = {path.name for path in (PROJECT / "docs").glob("*.md")}
    assert found - set(re.findall(r"\]\(docs/([a-z]+\.md)\)", README)) == set()


DOCUMENTS = [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")]


def links() -> list[str]:
    """Where documents lead to, outside the web, as paths from the top of the tree."""
    found = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", text):
            found.add((document.parent / link).resolve().relative_to(PROJECT).as_posix())
    return sorted(found)


@pytest.mark.parametrize("linked", links())
def test_what_is_linked_is_there(linked: str) -> None:
    assert (PROJECT / linked).exists()


def test_contributing_names_places_that_are_there() -> None:
    table = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Where")[2]
    places = [
        place
        for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
        for place in row.split(", ")
    ]
    assert places
    assert [place for place in places if not (PROJECT / place.strip("`")).exists()] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-run.txt"])
def test_every_requirement_is_pinned(name: str) -> None:
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r requirements-run"))]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[\w\-\[\],]+==[\w.]+", line)] == []
