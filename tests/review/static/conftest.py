"""A browser, and the page of a small review."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser import PROGRAMS, Browser
from review_server import running
from review_world import make_store

from ctc.artifacts.review.records import Reviewer, ReviewEvent
from ctc.artifacts.review.store import ReviewStore

CODES = {"Enter": 13, " ": 32, "Escape": 27, "ArrowRight": 39, "ArrowDown": 40, "End": 35}


@dataclass
class ReviewPage:
    """The page of a store; `presses` counts the keys that were pressed."""

    browser: Browser
    store: ReviewStore
    url: str
    presses: int = field(default=0)

    def open(self, width: int = 1280, height: int = 900) -> None:
        """Open the page, and wait until it shows the first events."""
        self.browser.open(self.url, width, height)
        self.wait("document.querySelector('#panel .status') !== null")

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            code = CODES.get(key, ord(key.upper()[0]))
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            self.browser.press(key, code, text)
            self.presses += 1

    def wait(self, script: str) -> None:
        self.browser.wait_for(script)

    def run(self, script: str) -> object:
        return self.browser.run(script)

    def saved(self, text: str) -> None:
        """Wait until the live region has this text."""
        self.wait(f"document.getElementById('saved').textContent.includes({text!r})")

    def settled(self) -> None:
        """Wait until everything is acknowledged."""
        self.wait("Object.values(localStorage).every((one) => one === '[]')")

    def answers(self, label: str = "species") -> list[tuple[str, ...] | None]:
        """Return what the store holds for each event, None without an answer."""
        return [
            None if event.answer is None else event.answer.labels[label]
            for event in self.store.iter_events()
        ]


OpenPage = Callable[..., ReviewPage]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Chromium: on Debian 'apt-get install chromium'")
    browser = Browser(program, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def review(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Return a function that opens the page of some events; afterwards requests are checked."""
    with ExitStack() as stack:
        urls = []

        def start(
            events: list[ReviewEvent], reviewer: Reviewer | None = None, **options: object
        ) -> ReviewPage:
            store = stack.enter_context(make_store(tmp_path, events, **options))
            url = stack.enter_context(running(store, tmp_path, reviewer))
            urls.append(url)
            page = ReviewPage(browser, store, url)
            page.open()
            return page

        yield start
        # Chromium draws the sign of its date fields from a data URL
        own = (*urls, *(f"blob:{url}" for url in urls), "about:", "data:image/svg+xml")
        assert [url for url in browser.requests if not url.startswith(own)] == []
        browser.open("about:blank")
