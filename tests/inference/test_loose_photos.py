from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from ctc.errors import UsageError
from ctc.inference.events.sources import find_events
from ctc.inference.events.table import Columns

NOON = datetime(2026, 6, 1, 12)
_EXIF, _ORIGINAL = 0x8769, 0x9003


@pytest.fixture
def snap(tmp_path: Path):
    """A function that saves a photo taken so many seconds after noon, or of unknown time."""

    def save(name: str, seconds: float | None) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if seconds is not None:
            taken = NOON + timedelta(seconds=seconds)
            exif.get_ifd(_EXIF)[_ORIGINAL] = f"{taken:%Y:%m:%d %H:%M:%S}"
        Image.new("RGB", (8, 8)).save(path, "JPEG", exif=exif)
        return path

    return save


def bursts(*sources: Path, within: float | None = 5) -> list[tuple[str, ...]]:
    events = list(find_events(sources, max_gap=within))
    assert [event.id for event in events] == [event.images[0] for event in events]
    return [tuple(Path(path).stem for path in event.images) for event in events]


def test_photos_of_one_camera_shortly_after_another_are_one_event(snap, tmp_path) -> None:
    for name, seconds in (("1", 0), ("2", 5), ("3", 10), ("4", 16)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("1", "2", "3"), ("4",)]


def test_without_the_option_every_photo_is_an_event(snap, tmp_path) -> None:
    for name in ("1", "2"):
        snap(f"cam/{name}.jpg", 0)
    assert bursts(tmp_path / "cam", within=None) == [("1",), ("2",)]


def test_photos_of_two_folders_are_never_one_event(snap, tmp_path) -> None:
    for name in ("a/1", "b/2", "b/3"):
        snap(f"cams/{name}.jpg", 0)
    assert bursts(tmp_path / "cams") == [("1",), ("2", "3")]


def test_a_photo_without_a_time_stays_alone(snap, tmp_path) -> None:
    for name, seconds in (("1", 0), ("2", None), ("3", 1)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("1", "3"), ("2",)]


def test_the_photos_of_an_event_come_by_time_and_the_events_by_name(snap, tmp_path) -> None:
    for name, seconds in (("1", 901), ("2", 0), ("3", 900), ("4", 1)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("3", "1"), ("2", "4")]


def test_photos_that_are_named_one_by_one_are_of_their_folder(snap) -> None:
    photos = [snap("a/1.jpg", 0), snap("a/2.jpg", 1), snap("b/3.jpg", 2)]
    assert bursts(*photos) == [("1", "2"), ("3",)]


def test_where_there_are_only_tables_there_is_nothing_to_unite(tmp_path) -> None:
    (tmp_path / "e.csv").write_text("id,image\n1,a.jpg\n")
    with pytest.raises(
        UsageError, match="--events-within unites loose photos and those of folders, but none"
    ):
        find_events([tmp_path / "e.csv"], Columns("id", ("image",)), max_gap=5)


def test_other_photos_or_another_way_to_unite_them_have_another_digest(snap, tmp_path) -> None:
    snap("cam/1.jpg", 0)
    one = find_events([tmp_path / "cam"]).digest
    assert find_events([tmp_path / "cam"]).digest == one
    assert find_events([tmp_path / "cam"], max_gap=5).digest != one
    snap("cam/2.jpg", 0)
    assert find_events([tmp_path / "cam"]).digest != one
