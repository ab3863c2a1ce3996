"""summary.html: what it says, and what headless Chromium makes of it on a phone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ctc.cli.main import run
from ctc.ecology.html.map import station_map
from ctc.ecology.html.page import format_figure
from ctc.ecology.intervals import Figure

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--virtual-time-budget=5000", "--allow-file-access-from-files"),
)
SCRIPT = (
    "<script>onload = () => setTimeout(() => { const d = f.contentDocument.documentElement;"
    " document.title = d.scrollWidth <= 390 ? 'fits' : 'too wide'; }, 300)</script>"
)


@pytest.fixture
def page(write_predictions, deployments, tmp_path: Path) -> Path:
    output = tmp_path / "summary"
    table = ["--deployments", str(deployments)]
    run(["summarize", str(write_predictions()), *table, "--output", str(output)])
    return output / "summary.html"


def test_page_tells_rates_and_warnings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "3 stations ran for 28.0 trap nights" in text
    assert "give --time-zone" in text
    assert "Nothing tells group sizes" in text


def test_page_shows_histories(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "fox: seen in 2 of 6 occasions with effort" in text


@pytest.mark.subprocess
@pytest.mark.slow
def test_page_fits_a_phone(page: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("needs Chromium, which this platform doesn't have")
    outer = page.with_name("phone.html")
    frame = f'<iframe id="f" src="{page.name}" width="390" height="2000"></iframe>'
    outer.write_text(frame + SCRIPT, encoding="utf-8")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [browser, *OPTIONS, profile, "--dump-dom", outer.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "<title>fits</title>" in done.stdout


def test_station_map_escapes_names() -> None:
    found = station_map(["<b>"], np.array([48.0]), np.array([11.0]), np.array([2.0]))
    assert "<b>" not in found
    assert "&lt;b&gt;: 2 per 100 trap nights" in found


def test_station_map_goes_across_the_date_line() -> None:
    place = np.array([-17.0, -17.0]), np.array([179.9, -179.9])
    found = station_map(["a", "b"], *place, np.array([1.0, 2.0]))
    assert "10 km" in found or "5 km" in found


def test_station_map_without_places() -> None:
    assert station_map(["a"], np.array([np.nan]), np.array([np.nan]), np.array([1.0])) == ""


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(12.34, 10.1, 15.04), "12.3 (10.1–\u206015)"),
        (Figure(5, 5, 5), "5"),
        (Figure(float("nan"), float("nan"), float("nan")), "–"),
    ],
)
def test_format_figure(figure: Figure, text: str) -> None:
    assert format_figure(figure) == text
