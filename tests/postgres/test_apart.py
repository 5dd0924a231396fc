"""The private PostgreSQL by itself: a backend that any Django project can use, and that knows of
none.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

import pricetracker.postgres
from pricetracker.postgres.base import DatabaseWrapper
from pricetracker.postgres.configuration import Configuration
from pricetracker.private_database import private_database
from tests.support.private_postgres import PATIENCE, Private

FOLDER = Path(pricetracker.postgres.__file__).parent

# Words that only this project has for what it does.
OURS = re.compile(
    r"price|tracker|\bticks?\b|\btapes?\b|binance|recorder|DATABASE_URL", re.IGNORECASE
)

# A project of its own: nothing but Django and the backend under another name.
PROJECT = """
import sys
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "own_server",
            "NAME": "notes",
            "CLUSTER": Path(sys.argv[1]),
            "SERVER_OPTIONS": {"fsync": "off", "work_mem": "5MB"},
        }
    }
)
django.setup()
with connection.cursor() as cursor:
    for setting in ("current_user", "current_database()", "current_setting('work_mem')"):
        cursor.execute(f"SELECT {setting}")
        print(cursor.fetchone()[0])
assert "pricetracker" not in sys.modules
connection.release_server(timeout=60)
"""


def test_it_serves_a_project_that_has_nothing_else_of_ours(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "own_server", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "project.py").write_text(PROJECT, encoding="utf-8")
    cluster = tmp_path / "cluster"
    try:
        said = subprocess.run(
            [sys.executable, "project.py", str(cluster)],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    finally:
        Private(cluster).wait_until_stopped()
    # On a busy machine it may have said that it waits.
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == ["postgres", "notes", "5MB"]
    assert (cluster / "server" / "data" / "generated.conf").exists()


def test_it_imports_nothing_else_of_ours() -> None:
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level < 2:
                found.add("." if node.level else str(node.module).partition(".")[0])
            elif isinstance(node, ast.ImportFrom):
                found.add("." * node.level)
    assert found - sys.stdlib_module_names == {".", "django", "fasteners", "psutil"}


def test_it_has_no_word_that_is_ours() -> None:
    texts = (path.read_text(encoding="utf-8") for path in FOLDER.iterdir() if path.is_file())
    assert [word for text in texts for word in OURS.findall(text)] == []


def test_names_that_existing_clusters_were_made_with_stay() -> None:
    """Not to be changed: a cluster keeps its superuser, and includes this file."""
    configuration = Configuration.of(private_database(Path("postgres")))
    assert configuration.user == "pricetracker"
    assert configuration.settings_file == "pricetracker.conf"


def test_a_configuration_reaches_the_keeper_as_it_is() -> None:
    configuration = Configuration.of(private_database(Path("postgres")))
    assert Configuration.from_json(configuration.to_json()) == configuration


def test_a_name_that_is_not_known_is_refused(tmp_path: Path) -> None:
    alias = {"CLUSTER": tmp_path, "CLUSTER_NAMES": {"user": "me"}}
    with pytest.raises(ImproperlyConfigured, match="CLUSTER_NAMES has 'user': known are "):
        DatabaseWrapper(alias, "default").find_server()
