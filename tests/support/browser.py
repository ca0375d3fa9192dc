"""A real Chromium for tests of pages, and what it has to say about them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000
"""Milliseconds until a test gives up on what should appear: many, as other work may hold the machine."""


@dataclass
class Seen:
    """A page and what went wrong in it: errors, refusals of its policy, requests that leave its origin."""

    page: Page
    origin: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def open(self, query: str = "") -> Page:
        """The page at that place, with its view shown."""
        self.page.goto(f"{self.origin}/{query}")
        self.shown()
        return self.page

    def shown(self) -> None:
        """The view that is asked for has been fetched and is shown."""
        self.page.locator("main:not([aria-busy])").wait_for()

    def _said(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, request) -> None:
        self.requests.append(request.url)
        address = urlsplit(request.url)
        if f"{address.scheme}://{address.netloc}" != self.origin:
            self.problems.append(f"foreign request: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, origin: str, **options) -> Iterator[Seen]:
    """A fresh page of that origin, in which nothing has gone wrong when it is left."""
    context = browser.new_context(
        **{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options}
    )
    try:
        seen = Seen(context.new_page(), origin)
        yield seen
        assert not seen.problems, seen.problems
    finally:
        context.close()


def told(page) -> None:
    """The server has answered what was asked before, and the page has heard it."""
    page.evaluate("fetch('api/datasets').then((answer) => answer.text())")
