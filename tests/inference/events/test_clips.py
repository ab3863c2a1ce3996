from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from drawn_clips import write_clip
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.events.sources import EventCollection, find_events
from ctc.inventory.build import build_inventory
from ctc.plugin import InputFormat
from ctc.plugin.manager import plugins

CREATED = {"creation_time": "2025-05-04T06:07:08Z"}


def photo(path: Path, taken: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif[0x0132] = taken
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def clip(path: Path, frames: int = 15, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(path, frames, **options)  # type: ignore[arg-type]


def shown(found: EventCollection, root: Path) -> list[tuple[str, list[str]]]:
    def short(path: str) -> str:
        return os.path.relpath(path, root)

    return [(short(event.id), [short(one) for one in event.images]) for event in found]


def test_find_events_takes_photos_and_clips_of_a_folder_together(tmp_path: Path) -> None:
    photo(tmp_path / "cam" / "a.jpg")
    clip(tmp_path / "cam" / "b.mp4")
    photo(tmp_path / "cam" / "c.jpg")
    found = find_events([tmp_path / "cam"])
    assert shown(found, tmp_path / "cam") == [
        ("a.jpg", ["a.jpg"]),
        ("b.mp4", ["b.mp4#t=0", "b.mp4#t=1"]),
        ("c.jpg", ["c.jpg"]),
    ]
    assert (found.photos, found.unit) == (4, "event")


def test_find_events_of_photos_alone_are_photos(tmp_path: Path) -> None:
    assert find_events([photo(tmp_path / "a.jpg")]).unit == "photo"


def test_find_events_takes_a_clip_as_source(tmp_path: Path) -> None:
    found = find_events([clip(tmp_path / "b.mov")], frames=FrameChoice(count=1))
    assert shown(found, tmp_path) == [("b.mov", ["b.mov#t=0.7"])]


def test_find_events_keeps_a_clip_that_has_no_frame_as_a_failure(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").write_bytes(b"text")
    assert shown(find_events([tmp_path]), tmp_path) == [("b.mp4", ["b.mp4"])]


def test_find_events_counts_a_clip_without_a_time_once(tmp_path: Path) -> None:
    photo(tmp_path / "cam" / "a.jpg", "2025:05:04 06:07:08")
    clip(tmp_path / "cam" / "b.mp4")
    found = find_events([tmp_path / "cam"], max_gap=60)
    assert len(list(found)) == 2
    (note,) = found.notes
    assert note.startswith("--events-within: 1 of 2 photos and clips have no time of the camera")


def test_find_events_tells_which_clips_are_cut_off(tmp_path: Path) -> None:
    path = clip(tmp_path / "b.avi", codec="mjpeg", options={})
    path.write_bytes(path.read_bytes()[:-9_000])
    (note,) = find_events([tmp_path]).notes
    assert "1 clip is cut off" in note


def test_find_events_groups_clips_and_photos_by_time(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", "2025:05:04 06:07:05")
    clip(tmp_path / "b.mp4", metadata=CREATED)
    photo(tmp_path / "c.jpg", "2025:05:04 06:07:12")
    photo(tmp_path / "d.jpg", "2025:05:04 07:00:00")
    assert shown(find_events([tmp_path], max_gap=5), tmp_path) == [
        ("a.jpg", ["a.jpg", "b.mp4#t=0", "b.mp4#t=1", "c.jpg"]),
        ("d.jpg", ["d.jpg"]),
    ]


@pytest.mark.parametrize("metadata", [{}, CREATED])
def test_find_events_never_tears_a_clip(tmp_path: Path, metadata: dict[str, str]) -> None:
    clip(tmp_path / "a.mp4", 25, metadata=metadata)
    clip(tmp_path / "b.mp4", 25, metadata={})
    assert [event.id for event in find_events([tmp_path], max_gap=0.5)] == [
        str(tmp_path / "a.mp4"),
        str(tmp_path / "b.mp4"),
    ]


def test_find_events_reads_clips_and_frames_of_a_table(tmp_path: Path) -> None:
    clip(tmp_path / "b.mp4")
    photo(tmp_path / "a.jpg")
    (tmp_path / "e.csv").write_text("id,file\n1,a.jpg\n1,b.mp4\n2,b.mp4#t=0.5\n")
    found = find_events([tmp_path / "e.csv"], TableColumns("id", ("file",)))
    assert [(event.id, len(event.images)) for event in found] == [("1", 3), ("2", 1)]
    assert found.photos == 4


def test_find_events_depend_on_the_chosen_frames(tmp_path: Path) -> None:
    clip(tmp_path / "b.mp4")
    (tmp_path / "e.csv").write_text("id,file\n1,b.mp4\n")
    columns = TableColumns("id", ("file",))
    digests = {
        find_events([source], columns if source.suffix == ".csv" else None, frames=choice).digest
        for source in (tmp_path / "b.mp4", tmp_path / "e.csv")
        for choice in (FrameChoice(), FrameChoice(count=2))
    }
    assert len(digests) == 4


def test_find_events_reads_the_frames_of_an_inventory(tmp_path: Path) -> None:
    clip(tmp_path / "photos" / "fox" / "b.mp4")
    folders = plugins().get(InputFormat, "folders")
    built = build_inventory(folders, tmp_path / "photos", {})
    built.inventory.write(tmp_path / "i.parquet")
    found = find_events([tmp_path / "i.parquet"])
    assert shown(found, tmp_path / "photos")[0][1] == ["fox/b.mp4#t=0", "fox/b.mp4#t=1"]


def test_build_inventory_makes_one_event_of_a_clip(tmp_path: Path) -> None:
    clip(tmp_path / "fox" / "b.mp4", metadata=CREATED)
    (tmp_path / "fox" / "c.mp4").write_bytes(b"text")
    photo(tmp_path / "hare" / "a.jpg")
    folders = plugins().get(InputFormat, "folders")
    built = build_inventory(folders, tmp_path, {})
    rows = built.inventory.table.to_pylist()
    assert [(row["event_id"], row["images"], row["class"]) for row in rows] == [
        ("fox#b", ["fox/b.mp4#t=0", "fox/b.mp4#t=1"], "fox"),
        ("hare#a", ["hare/a.jpg"], "hare"),
    ]
    assert list(built.left_out.counts) == [
        "the clip can't be used: not a video of a known kind (mp4, mov, avi, mts)"
    ]
    assert built.missing_photos == 0


@pytest.mark.parametrize(("metadata", "expected"), [(CREATED, "2025-05-04T06:07:08"), ({}, None)])
def test_build_inventory_takes_the_time_of_a_clip_else_of_its_file(
    tmp_path: Path, metadata: dict[str, str], expected: str | None
) -> None:
    from ctc.inventory.config import InventoryConfig

    path = clip(tmp_path / "fox" / "b.mp4", metadata=metadata)
    moment = time.mktime((2025, 6, 7, 8, 9, 10, 0, 0, -1))
    os.utime(path, (moment, moment))
    folders = plugins().get(InputFormat, "folders")
    config = InventoryConfig(time_from_mtime=True)
    inventory: Inventory = build_inventory(folders, tmp_path, {}, config=config).inventory
    assert inventory.table["datetime"].to_pylist() == [expected or "2025-06-07T08:09:10"]
