from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from ctc.errors import UsageError
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.events.sources import find_events

NOON = datetime(2024, 6, 1, 12)
_EXIF, _ORIGINAL = 0x8769, 0x9003


@pytest.fixture
def snap(tmp_path: Path):
    """A function that saves a photo taken `seconds` after noon, or without a time."""

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


def test_ungrouped_photos_groups_bursts(snap, tmp_path) -> None:
    for name, seconds in (("1", 0), ("2", 5), ("3", 10), ("4", 16)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("1", "2", "3"), ("4",)]


def test_ungrouped_photos_without_max_gap_are_one_event_each(snap, tmp_path) -> None:
    for name in ("1", "2"):
        snap(f"cam/{name}.jpg", 0)
    assert bursts(tmp_path / "cam", within=None) == [("1",), ("2",)]


def test_ungrouped_photos_never_groups_across_folders(snap, tmp_path) -> None:
    for name in ("a/1", "b/2", "b/3"):
        snap(f"cams/{name}.jpg", 0)
    assert bursts(tmp_path / "cams") == [("1",), ("2", "3")]


def test_ungrouped_photos_without_time_are_one_event_each(snap, tmp_path) -> None:
    for name, seconds in (("1", 0), ("2", None), ("3", 1)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("1", "3"), ("2",)]


@pytest.mark.parametrize(
    ("seconds", "notes"),
    [
        ((0, 1, 2), ()),
        (
            (0, None, None),
            ("--events-within: 2 of 3 photos have no EXIF time and are events of their own",),
        ),
    ],
)
def test_ungrouped_photos_notes_photos_without_time(snap, tmp_path, seconds, notes) -> None:
    for name, taken in enumerate(seconds):
        snap(f"cam/{name}.jpg", taken)
    found = find_events([tmp_path / "cam"], max_gap=5)
    for _ in range(2):  # each time the events are read they are counted anew
        list(found)
        assert found.notes == notes


def test_ungrouped_photos_groups_across_folders_of_a_card(snap, tmp_path) -> None:
    for name, seconds in (("100RECNX/9999", 0), ("101RECNX/0001", 2), ("101RECNX/0002", 4)):
        snap(f"cams/N1/DCIM/{name}.jpg", seconds)
    snap("cams/N2/DCIM/100RECNX/0005.jpg", 3)
    assert bursts(tmp_path / "cams") == [("9999", "0001", "0002"), ("0005",)]


def test_ungrouped_photos_of_a_default_clock_are_one_event_each(snap, tmp_path) -> None:
    default = (datetime(2000, 1, 1) - NOON).total_seconds()
    for name, seconds in (("1", default + 5), ("2", default + 6), ("3", 0), ("4", 1)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("1",), ("2",), ("3", "4")]
    found = find_events([tmp_path / "cam"], max_gap=5)
    list(found)
    (note,) = found.notes
    assert note.startswith("--events-within: 2 of 4 photos have a time that is the default of a")


def test_ungrouped_photos_orders_photos_by_time_and_events_by_name(snap, tmp_path) -> None:
    for name, seconds in (("1", 901), ("2", 0), ("3", 900), ("4", 1)):
        snap(f"cam/{name}.jpg", seconds)
    assert bursts(tmp_path / "cam") == [("3", "1"), ("2", "4")]


def test_ungrouped_photos_groups_photos_given_one_by_one(snap) -> None:
    photos = [snap("a/1.jpg", 0), snap("a/2.jpg", 1), snap("b/3.jpg", 2)]
    assert bursts(*photos) == [("1", "2"), ("3",)]


def test_find_events_refuses_max_gap_without_photos(tmp_path) -> None:
    (tmp_path / "e.csv").write_text("id,image\n1,a.jpg\n")
    with pytest.raises(
        UsageError,
        match="--events-within groups photos that are given directly or in folders, but none",
    ):
        find_events([tmp_path / "e.csv"], TableColumns("id", ("image",)), max_gap=5)


def test_event_collection_digest_depends_on_photos_and_max_gap(snap, tmp_path) -> None:
    snap("cam/1.jpg", 0)
    one = find_events([tmp_path / "cam"]).digest
    assert find_events([tmp_path / "cam"]).digest == one
    assert find_events([tmp_path / "cam"], max_gap=5).digest != one
    snap("cam/2.jpg", 0)
    assert find_events([tmp_path / "cam"]).digest != one
