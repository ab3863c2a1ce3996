"""summary.html: what it says, and what headless Chromium makes of it on a phone."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from study_world import COLUMNS

from ctc.cli.main import run
from ctc.ecology.html.formatting import (
    describe_species,
    format_figure,
    format_rate,
    mark_options,
)
from ctc.ecology.html.map import station_map
from ctc.ecology.intervals import Figure

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--virtual-time-budget=5000", "--allow-file-access-from-files"),
)
SCRIPT = (
    "<script>onload = () => setTimeout(() => { const d = f.contentDocument.documentElement;"
    " document.title = FITS ? 'fits' : 'too wide'; }, 300)</script>"
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
    assert "give <code>--time-zone</code>" in text
    assert "Nothing tells group sizes" in text


def test_page_shows_histories(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "fox: seen in 2 of 6 occasions with effort" in text


def show(page: Path, width: int, fits: str) -> str:
    """Return the document in which Chromium says whether a page of a width fits."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("needs Chromium, which this platform doesn't have")
    outer = page.with_name(f"{width}.html")
    frame = f'<iframe id="f" src="{page.name}" width="{width}" height="2000"></iframe>'
    outer.write_text(frame + SCRIPT.replace("FITS", fits), encoding="utf-8")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [browser, *OPTIONS, profile, "--dump-dom", outer.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.subprocess
@pytest.mark.slow
def test_page_fits_a_phone(page: Path) -> None:
    assert "<title>fits</title>" in show(page, 390, "d.scrollWidth <= 390")


@pytest.mark.subprocess
@pytest.mark.slow
def test_table_of_rates_fits_a_desktop(deployments, tmp_path: Path) -> None:
    names = ("Anas platyrhynchos", "Rattus norvegicus")
    cell = json.dumps(dict(zip(names, (0.6, 0.4), strict=True)))
    rows = [("id", "label", *COLUMNS[2:5], "path", "box_confidence", "datetime", "location")]
    for number, place in enumerate(("north", "south", "north")):
        time = f"2024-04-0{2 + number}T06:00:00"
        box = (number, "species", names[0], 0.6, cell, f"{number}.jpg", 0.9, time, place)
        rows += [box] * 12
    with (tmp_path / "p.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    more = ["--deployments", str(deployments), "--output", str(tmp_path / "s")]
    assert run(["summarize", str(tmp_path / "p.csv"), *more]) == 0
    fits = "[...d.querySelectorAll('#rates .wide')].every(e => e.scrollWidth <= e.clientWidth)"
    assert "<title>fits</title>" in show(tmp_path / "s/summary.html", 1200, fits)


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


def test_format_rate_of_too_few_stations() -> None:
    assert format_rate(Figure(8.09, 0.00145, 4.5e4), "station") == "8.09 (too few stations)"
    assert format_rate(Figure(0, 0, 1.58), "station") == "0 (0\u2013\u20601.58)"
    assert format_rate(Figure(4.09, 0.102, 164), "station") == "4.09 (0.102\u2013\u2060164)"


def test_mark_options_keeps_them_on_a_line() -> None:
    assert mark_options("a < b: give --time-zone") == "a &lt; b: give <code>--time-zone</code>"


def test_describe_species_names_wider_taxa() -> None:
    latin = ["Ardea", "Ardea cinerea", "Aves"]
    assert describe_species(latin, 4.25) == (
        "3 species seen, with 2 wider taxa as one each (Ardea, Aves); Chao2 estimates 4.2 in all,"
        " counted in the same way."
    )
    assert describe_species(["Fox", "hare"], 2) == "2 species seen; Chao2 estimates 2.0 in all."


def test_page_tells_the_times_of_the_sun(write_predictions, deployments, tmp_path: Path) -> None:
    events = [
        (f"e{day}", (0, 1, 0), f"2024-04-{day:02}T06:00:00", place)
        for place in ("north", "south") for day in range(2, 10)
    ]  # fmt: skip
    source, output = write_predictions(events), tmp_path / "summary"
    more = ["--deployments", str(deployments), "--output", str(output)]
    assert run(["summarize", str(source), *more, "--time-zone", "+02:00"]) == 0
    text = (output / "summary.html").read_text(encoding="utf-8")
    # 48.5 N, 11.0 E on 5 April, by the NOAA's calculator: 6:45 and 19:50
    assert re.search(r"sunrise at 6:4\d, sunset at 19:(4|5)\d", text)


def test_page_says_how_many_histories_are_elsewhere(deployments, tmp_path: Path) -> None:
    rows = [("id", "label", *COLUMNS[2:5], "datetime", "location")]
    for number in range(10):
        name = f"species {number}"
        cell = json.dumps({name: 1.0})
        rows.append((number, "species", name, 1, cell, "2024-04-03T06:00:00", "north"))
    with (tmp_path / "p.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    more = ["--deployments", str(deployments), "--output", str(tmp_path / "s")]
    assert run(["summarize", str(tmp_path / "p.csv"), *more]) == 0
    text = (tmp_path / "s/summary.html").read_text(encoding="utf-8")
    assert "in the folder histories, with 2 more species." in text
