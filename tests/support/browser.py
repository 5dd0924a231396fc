"""A real Chromium for tests and screenshots: found on the machine, driven without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")

# Where they lie on systems that put no browser on the PATH.
PROGRAMS = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    *(
        f"{os.environ.get(root, '')}/{program}"
        for root in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for program in (
            "Google/Chrome/Application/chrome.exe",
            "Microsoft/Edge/Application/msedge.exe",
        )
    ),
]

# It talks to nobody but the page under test, and keeps no files.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Widths and heights of a phone and of a desk, in CSS pixels.
PHONE = (390, 844)
DESK = (1280, 900)


def find_browser() -> str | None:
    """The program of a Chromium or of a relative; the environment variable CHROMIUM names one
    outright.
    """
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [*filter(None, map(shutil.which, NAMES)), *PROGRAMS]
    return next((program for program in found if Path(program).is_file()), None)


@contextmanager
def open_browser(program: str) -> Iterator[Browser]:
    # Chromium's sandbox refuses to run as root, which is who tests are in a container.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    args = [*FLAGS, "--no-sandbox"] if root else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=args)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, size: tuple[int, int] = DESK, **options: Any) -> Iterator[Page]:
    """A page in a fresh profile. Options such as java_script_enabled=False, color_scheme="dark"."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    try:
        yield context.new_page()
    finally:
        context.close()


def screenshot(
    browser: Browser, url: str, to: Path, size: tuple[int, int] = DESK, **options: Any
) -> None:
    """A picture of a whole page as it is without its script: what is shown does not depend
    on when.
    """
    with open_page(browser, size, java_script_enabled=False, **options) as page:
        page.goto(url)
        page.screenshot(path=to, full_page=True)
