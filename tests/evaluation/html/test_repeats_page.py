"""The page of boxes that come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ctc.artifacts.boxes import Box
from ctc.artifacts.repeats import RepeatList, RepeatPlace
from ctc.detection.repeats.find import FoundRepeat
from ctc.detection.repeats.run import RepeatResult
from ctc.evaluation.html.repeats_page import write_repeats_page

CAMERA = "<b>cam & 1"


@pytest.fixture
def write(tmp_path: Path):
    """A function that writes the page of a place in two photos, of which one is there."""
    (tmp_path / CAMERA).mkdir()
    Image.new("RGB", (640, 480), (90, 120, 90)).save(tmp_path / CAMERA / "0.jpg")
    photos = f"{CAMERA}/0.jpg", f"{CAMERA}/gone.jpg"

    def write_page(*, megabytes: float = 15, found: int = 1) -> tuple[str, list[tuple[int, int]]]:
        place = RepeatPlace(
            CAMERA, Box(0.9, 0.8, 0.1, 0.2), 20, "2024-05-01T06:07:08", "2024-05-03T00:00:00",
            "animal", photos[0],
        )  # fmt: skip
        repeats = RepeatList(str(tmp_path), 0, 0.85, (place,) * found)
        result = RepeatResult(
            tmp_path, repeats, (FoundRepeat(place, photos),) * found, photos=2, boxes=2, cameras=1
        )
        calls: list[tuple[int, int]] = []
        path = tmp_path / "repeats.html"
        write_repeats_page(
            path, result, "boxes.json", megabytes, 1, lambda *call: calls.append(call)
        )
        return path.read_text(encoding="utf-8"), calls

    return write_page


def test_write_repeats_page_shows_places_and_photos_that_are_not_there(write) -> None:
    text, calls = write()
    assert text.count("data:image/jpeg;base64,") == 1
    assert "photo not shown: no such file or directory" in text
    assert "2024-05-01 06:07 to 2024-05-03 00:00" in " ".join(text.split())
    assert text.count('type="checkbox"') == 1
    assert calls == [(1, 1)]


def test_write_repeats_page_escapes_names(write) -> None:
    text, _ = write()
    assert "<b>cam" not in text
    assert "&lt;b&gt;cam &amp; 1" in text
    assert r"\u003cb\u003ecam \u0026 1" in text


def test_write_repeats_page_keeps_to_the_budget(write) -> None:
    text, _ = write(megabytes=0)
    assert "data:image/jpeg" not in text
    assert "photo not shown: left out to limit the size" in text


def test_write_repeats_page_says_that_nothing_was_found(write) -> None:
    text, calls = write(found=0)
    assert "No box comes back often enough." in text
    assert 'id="save"' not in text
    assert calls == []
