"""The site that `make docs` builds: no warning, no page left out, and nothing fetched from
elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]
FETCHED = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("use", "href"),
}
ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


class Page(HTMLParser):
    """What a browser that opens the page fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attributes if (tag, name) in FETCHED]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "properdocs", "build", "--strict", "--config-file", "mkdocs.yml"]
    done = subprocess.run(
        [*build, "--site-dir", folder], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_site_has_every_page(site: Path) -> None:
    pages = {
        path.relative_to(CHECKOUT / "docs").with_suffix(".html")
        for path in (CHECKOUT / "docs").rglob("*.md")
    }
    assert pages == {path.relative_to(site) for path in site.rglob("*.html")} - {
        Path("404.html"),
        Path("search.html"),
        *(Path(f"{name}.html") for name in ("changelog", "contributing", "benchmarks")),
    }


def test_site_has_what_pages_need(site: Path) -> None:
    for path in site.rglob("*.html"):
        for address in Page(path.read_text(encoding="utf-8")).fetched:
            assert not ELSEWHERE.match(address), f"{path.name} fetches '{address}'"
            if path.name != "404.html":
                assert (path.parent / address.partition("#")[0]).exists(), (
                    f"{path.name}: '{address}' is not there"
                )


def test_site_styles_fetch_nothing_from_other_hosts(site: Path) -> None:
    for path in site.rglob("*.css"):
        addresses = re.findall(r"url\(['\"]?([^'\")]+)", path.read_text(encoding="utf-8"))
        assert not [address for address in addresses if ELSEWHERE.match(address)]


def test_site_shows_links_to_other_files_as_text(site: Path) -> None:
    text = (site / "contributing.html").read_text(encoding="utf-8")
    assert "LICENSE" in (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert 'href="LICENSE' not in text


def test_site_has_changelog_contributing_and_benchmarks_as_pages(site: Path) -> None:
    for name in ("changelog", "contributing", "benchmarks"):
        assert "<h1" in (site / f"{name}.html").read_text(encoding="utf-8")
    assert 'href="architecture.html"' in (site / "contributing.html").read_text(encoding="utf-8")
