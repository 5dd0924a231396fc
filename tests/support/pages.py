"""The page for tests in a browser: opened with its console watched, used by hand, and left."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.support.browser import DESK, open_page
from tests.support.recorders import PATIENCE, eventually

# The database session in which a site hears what the tape tells.
LISTENER = "live_push"

# Milliseconds in which what is expected of a page has to come, on a machine that is busy with other
# things.
expect.set_options(timeout=1_000 * PATIENCE)

# What the Content-Security-Policy refuses is told to the page itself, whatever its console says.
REFUSED = (
    "addEventListener('securitypolicyviolation', (event) => "
    "console.error(event.blockedURI, event.violatedDirective));"
)


@contextmanager
def silent_page(
    browser: Browser,
    url: str,
    size: tuple[int, int] = DESK,
    script: str = "",
    harmless: Collection[str] = (),
    **options: Any,
) -> Iterator[Page]:
    """The page in a fresh profile; its console must stay empty. When it is left, nobody reads the
    tape for it any more.

    `script` runs before those of the page. `harmless` messages may come.
    """
    said: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        # Chromium itself tells of each answer that is a refusal, and of each server that is away.
        refused = line.text.startswith("Failed to load resource")
        if line.text in harmless:
            return
        if not refused or "/static/" in line.location["url"]:
            said.append(f"{line.text} ({line.location['url']})")

    with open_page(browser, size, **options) as page:
        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.add_init_script(REFUSED + script)
        page.goto(url)
        yield page
    assert said == [], f"The console must stay empty, and said {said}"

    eventually(nobody_reads)


def nobody_reads() -> bool:
    """What a page asked for that is closed by now may still be read: the tables cannot be emptied
    meanwhile.
    """
    return all(state == "idle" and name != LISTENER for state, name in sessions())


def listeners() -> int:
    """Sites that hear what the tape tells: one does as long as it has readers."""
    return sum(name == LISTENER for _, name in sessions())


def sessions() -> list[tuple[str, str]]:
    """What all others do in the database, and as whom."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, application_name FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchall()


def ask(page: Page, question: str, **typed: str) -> Any:
    """Fill in a form and send it; its section."""
    section = page.locator(f"#{question}")
    for name, value in typed.items():
        field = section.locator(f"[name={name}]")
        field.select_option(value) if name == "symbol" else field.fill(value)
    section.get_by_role("button", name="Ask").click()
    return section


def live(page: Page) -> None:
    """Wait until events come, and the chart is drawn."""
    expect(page.locator("[data-pace]")).to_have_text("Updates automatically.")
    expect(page.locator("#chart")).to_have_attribute("data-state", "ready")
