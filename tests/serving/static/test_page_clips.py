"""Clips on the web page, in a real browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from drawn_clips import write_clip

from ctc.artifacts.review.store import ReviewStore

pytestmark = pytest.mark.subprocess

CREATED = {"creation_time": "2025-05-04T06:07:08Z"}
DONE = "document.getElementById('progress-text').textContent === '3 of 3 photos done'"


@pytest.fixture(scope="module")
def folder(jpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a photo, a clip of 3 s, and one that is cut off."""
    folder = tmp_path_factory.mktemp("photos") / "camera"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg((255, 0, 0), "2025:05:04 06:07:00"))
    write_clip(folder / "b.mp4", 30, metadata=CREATED)
    whole = write_clip(folder / "c.mp4", 30).read_bytes()
    (folder / "c.mp4").write_bytes(whole[:-3_000])
    return folder


@pytest.fixture
def page(browser, serve, folder: Path, tmp_path: Path):
    server = serve(store=tmp_path / "review.sqlite")
    browser.open(f"{server.url}/")
    browser.drop(folder)
    browser.wait_for(DONE)
    yield browser
    assert browser.console_messages == []


def test_page_predicts_photos_and_clips_together(page) -> None:
    shown = "Array.from(document.querySelectorAll('#gallery h3'), (one) => one.textContent)"
    assert page.run(shown) == ["camera/a.jpg", "camera/b.mp4", "camera/c.mp4"]
    reason = page.run("document.querySelector('.failed .reason').textContent")
    assert reason == (
        "Can't be used: the video is cut off: its index, which is at the end, is missing"
    )
    (page.downloads / "predictions.csv").unlink(missing_ok=True)
    page.run("document.getElementById('download').click()")
    text = page.downloaded("predictions.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == ["camera/a.jpg"] * 2 + ["camera/b.mp4"] * 2
    assert rows[2]["datetime"] == "2025-05-04T06:07:08"


def test_page_shows_a_clip_and_its_frames(page) -> None:
    page.wait_for("document.querySelectorAll('#gallery img[src^=blob]').length === 2")
    page.run("document.querySelectorAll('.picture')[1].click()")
    page.wait_for("document.querySelector('#viewer video').videoWidth === 320")
    frames = "Array.from(document.querySelectorAll('.frames button'), (one) => one.textContent)"
    assert page.run(frames) == ["0 s", "1 s", "2 s"]
    page.run("document.querySelectorAll('.frames button')[2].click()")
    assert page.run("document.querySelector('#viewer video').currentTime") == 2


def test_page_keeps_a_correction_with_the_frames_of_the_clip(page, tmp_path: Path) -> None:
    who = "document.getElementById('reviewer')"
    page.run(f"{who}.value = 'Ann'; {who}.dispatchEvent(new Event('change'))")
    menu = "document.querySelectorAll('#gallery .answer select')[2]"
    page.run(f"{menu}.value = 'wolf'; {menu}.dispatchEvent(new Event('change'))")
    page.wait_for("document.getElementById('kept').textContent === '1 correction kept'")
    with ReviewStore.open(tmp_path / "review.sqlite") as store:
        (event,) = store.iter_events()
    assert [photo.path for photo in event.photos] == [f"camera/b.mp4#t={at}" for at in range(3)]


def test_page_groups_a_clip_with_the_photos_before_it(page) -> None:
    within = "document.getElementById('within')"
    page.run(f"{within}.value = '30'; {within}.dispatchEvent(new Event('change'))")
    page.wait_for("document.querySelector('.stack')?.textContent === '2 photos'")
