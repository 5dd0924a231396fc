"""Every kind of page in a real browser: its Content-Security-Policy refuses nothing that it
needs.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from prices.recording.tape import Tape
from tests.support.pages import silent_page
from tests.support.policies import HEADER, PAGE, read
from tests.support.recorded import recorded_tape
from tests.support.sites import running_site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("recorded")]

# Of Django's own form for a new user, whose field has `autofocus`: the form's script may come first
# and focus it. Which of the two does is a race.
FOCUSED = "Autofocus processing was blocked because a document already has a focused element."

PASSWORD = "correct horse battery"  # noqa: S105 - of a throw-away database


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), running_site() as site:
        yield site.url


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


def test_the_admin(browser: Browser, site: str) -> None:
    User.objects.create_superuser("admin", password=PASSWORD)
    with silent_page(browser, f"{site}/admin/", harmless=[FOCUSED]) as page:
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        for path in ("counter", "market", "tick", "candlerow", "gap", "symbol"):
            page.goto(f"{site}/admin/prices/{path}/")
            expect(page.locator("#changelist")).to_be_visible()
        page.locator("#result_list a").first.click()
        expect(page.locator("#content")).to_be_visible()
        page.goto(f"{site}/admin/auth/user/add/")
        expect(page.get_by_label("Username")).to_be_visible()


def test_the_browsable_api(browser: Browser, site: str) -> None:
    with silent_page(browser, f"{site}/api/") as page:
        for path in ("prices/", "prices/latest/", "candles/", "gaps/", "symbols/"):
            page.goto(f"{site}/api/{path}")
            expect(page.locator(".response-info")).to_be_visible()
            open_menus(page)


def open_menus(page: Page) -> None:
    for menu in page.locator("[data-toggle=dropdown]:visible").all():
        menu.click()
        page.keyboard.press("Escape")


def test_the_docs(browser: Browser, site: str) -> None:
    with silent_page(browser, f"{site}/api/docs/") as page:
        latest = page.locator("#operations-latest-latest_list")
        latest.locator(".opblock-summary-control").click()
        latest.get_by_role("button", name="Try it out").click()
        latest.get_by_role("button", name="Execute").click()
        expect(latest.locator(".live-responses-table")).to_contain_text("2609.47")


def test_a_page_that_is_not_there(browser: Browser, site: str) -> None:
    with silent_page(browser, "about:blank") as page:
        response = page.goto(f"{site}/nowhere")
        assert response is not None
        assert read(response.headers[HEADER.lower()]) == PAGE
        expect(page.get_by_role("heading", name="Not Found")).to_be_visible()
