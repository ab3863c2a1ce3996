"""A browser for the tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from browser import PROGRAMS, Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Chromium: on Debian 'apt-get install chromium'")
    browser = Browser(program, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()
