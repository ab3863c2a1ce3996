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


def on_a_phone(report: Path) -> Path:
    """Return a page with the report in a narrow frame; its title becomes the script's result."""
    frame = f'<iframe src="{report.as_uri()}" width="{PHONE}" style="border: 0"></iframe>'
    outer = report.with_name("phone.html")
    outer.write_text(
        f"<script>onmessage = (event) => (document.title = event.data)</script>{frame}", "utf-8"
    )
    return outer


def test_report_on_a_phone_sorts_tables_links_photos_and_requests_nothing(
    browser, data, write_report, tmp_path
) -> None:
    page = on_a_phone(with_script(write_report(replace(data, photos=data.events)), SCRIPT))
    command = [
        browser,
        *OPTIONS,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        page.as_uri(),
    ]
    shown = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=500
    ).stdout
    title = re.search("<title>(.*?)</title>", shown)
    assert title
    assert json.loads(title[1]) == {
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
