"""Bursts and clips that play in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_clips import write_clip
from review_world import make_event

from ctc.artifacts.review.records import ReviewPhoto

pytestmark = pytest.mark.subprocess

SHOWN = "document.getElementById('caption').textContent"


def test_page_plays_the_frames_of_a_clip(review, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    write_clip(tmp_path / "photos" / "clip.mp4", 30)
    frames = tuple(ReviewPhoto(f"clip.mp4#t={second}") for second in range(3))
    page = review([replace(make_event(0), photos=frames)])
    page.press("o")
    page.press("*")
    for second in (0, 1, 2, 0):
        page.wait(f"{SHOWN} === 'photo {second + 1} of 3 · clip.mp4#t={second}'")
    assert page.run("document.getElementById('large').naturalWidth") == 320
    page.press("*")
    assert page.run("document.getElementById('play').textContent") == "Play *"
    stopped = page.run(SHOWN)
    page.run("new Promise((resolve) => setTimeout(resolve, 600))")
    assert page.run(SHOWN) == stopped


def test_page_steps_through_a_burst_by_hand_while_it_plays(review) -> None:
    page = review([make_event(0, photos=3)])
    page.press("*")
    page.wait("document.getElementById('play').textContent === 'Stop *'")
    page.press("ArrowDown")
    assert page.run("document.getElementById('play').textContent") == "Play *"
