"""report.html in headless Chromium: a test script clicks, and reports what it sees."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--virtual-time-budget=10000",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
)
PHONE = 390
"""Width in pixels; a window of Chromium can't be as narrow."""
SCRIPT = """
addEventListener("load", () => {
  const seen = {};
  const table = document.querySelector("table.sortable");
  const firsts = () => Array.from(table.tBodies[0].rows, (row) => row.cells[2].textContent);
  const button = table.tHead.rows[0].cells[2].querySelector("button");
  button.focus();
  seen.focused = document.activeElement === button;
  button.click();
  seen.falling = firsts();
  button.click();
  seen.rising = firsts();
  seen.announced = table.tHead.rows[0].cells[2].getAttribute("aria-sort");
  const link = document.querySelector("table.matrix td:not(.right) a");
  const cell = document.querySelector(link.getAttribute("href"));
  seen.before = getComputedStyle(cell).display;
  link.click();
  seen.after = getComputedStyle(cell).display;
  seen.pictures = Array.from(cell.querySelectorAll("img"), (image) => image.naturalWidth > 0);
  const share = document.querySelector("table.matrix .percent");
  document.querySelector(".as-shares").click();
  seen.percent = getComputedStyle(share).display;
  seen.width = innerWidth;
  seen.fits = document.documentElement.scrollWidth <= innerWidth;
  const folded = document.querySelector("details");
  seen.folded = !folded.open;
  dispatchEvent(new Event("beforeprint"));
  seen.printed = folded.open;
  seen.loaded = performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => !name.startsWith("data:"));
  parent.postMessage(JSON.stringify(seen), "*");
});
"""

SCROLLS = """
addEventListener("load", () => setTimeout(() => {
  const box = document.querySelector('[aria-label="Per event"]');
  const hint = getComputedStyle(box, "::before").content.includes("wider than the screen");
  parent.postMessage(JSON.stringify({ hint, wide: box.scrollWidth > box.clientWidth }), "*");
}, 500));
"""


@pytest.fixture
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(
            "needs Chromium, which this platform doesn't have: on Debian 'apt-get install chromium'"
        )
    return found


def with_script(report: Path, script: str) -> Path:
    """Return a copy of the page that allows and runs one more script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = report.read_text(encoding="utf-8")
    text = text.replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    copy = report.with_name("with_script.html")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return copy


def in_a_frame(report: Path, width: int) -> Path:
    """Return a page with the report in a frame; its title becomes the script's result."""
    frame = f'<iframe src="{report.as_uri()}" width="{width}" style="border: 0"></iframe>'
    outer = report.with_name("phone.html")
    outer.write_text(
        f"<script>onmessage = (event) => (document.title = event.data)</script>{frame}", "utf-8"
    )
    return outer


def seen_in_a_frame(
    browser: str, report: Path, script: str, folder: Path, width: int = PHONE
) -> object:
    """Return what a script in the page posts to its parent."""
    page = in_a_frame(with_script(report, script), width)
    command = [
        browser,
        *OPTIONS,
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        page.as_uri(),
    ]
    shown = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=500
    ).stdout
    title = re.search("<title>(.*?)</title>", shown)
    assert title
    return json.loads(title[1])


@pytest.mark.parametrize(("width", "scrolls"), [(PHONE, True), (1200, False)])
def test_report_says_which_tables_scroll(
    browser, data, write_report, tmp_path, width, scrolls
) -> None:
    found = seen_in_a_frame(browser, write_report(data), SCROLLS, tmp_path, width)
    assert found == {"hint": scrolls, "wide": scrolls}


def test_report_on_a_phone_sorts_tables_links_photos_and_requests_nothing(
    browser, data, write_report, tmp_path
) -> None:
    report = write_report(replace(data, photos=data.events))
    assert seen_in_a_frame(browser, report, SCRIPT, tmp_path) == {
        "focused": True,
        "falling": ["16", "16", "8", "8"],
        "rising": ["8", "8", "16", "16"],
        "announced": "ascending",
        "before": "none",
        "after": "block",
        "pictures": [True, True, True, True],
        "percent": "inline",
        "width": PHONE,
        "fits": True,
        "folded": True,
        "printed": True,
        "loaded": [],
    }
