"""Lists of repeats: which boxes they cover, and files that are none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ctc.artifacts.boxes import Box
from ctc.artifacts.repeats import RepeatList, RepeatPlace, folder_above
from ctc.errors import InputError, UsageError

STONE = RepeatPlace("cam1", Box(0.2, 0.4, 0.1, 0.2), 20, None, None, "animal", "cam1/a.jpg")
KEPT = RepeatPlace("cam2", Box(0.2, 0.4, 0.1, 0.2), 20, None, None, "animal", "cam2/a.jpg", True)


def make_list(levels: int = 0, *places: RepeatPlace) -> RepeatList:
    return RepeatList("/photos", levels, 0.8, places or (STONE, KEPT))


@pytest.mark.parametrize(
    ("photo", "is_covered"),
    [
        ("cam1/x.jpg", True),
        ("/photos/cam1/x.jpg", True),
        ("/elsewhere/cam1/x.jpg", False),
        ("cam1/sub/x.jpg", False),
        ("cam2/x.jpg", False),
        ("x.jpg", False),
    ],
)
def test_covers_the_boxes_of_its_cameras(photo, is_covered) -> None:
    assert make_list().covers(photo, Box(0.2, 0.4, 0.1, 0.2)) is is_covered


@pytest.mark.parametrize(("width", "is_covered"), [(0.081, True), (0.079, False), (0.126, False)])
def test_covers_boxes_that_overlap_enough(width, is_covered) -> None:
    assert make_list().covers("cam1/x.jpg", Box(0.2, 0.4, width, 0.2)) is is_covered


def test_covers_photos_in_folders_below_that_of_the_camera() -> None:
    repeats = make_list(1)
    assert repeats.covers("cam1/2024/x.jpg", STONE.box)
    assert not repeats.covers("cam1/x.jpg", STONE.box)


@pytest.mark.parametrize(
    ("file", "levels", "camera"),
    [
        ("a/b/c.jpg", 0, "a/b"),
        ("a/b/c.jpg", 1, "a"),
        ("a/b/c.jpg", 5, ""),
        ("c.jpg", 0, ""),
        ("a/DCIM/101RECNX/c.jpg", 0, "a"),
        ("a/DCIM/101RECNX/c.jpg", 1, "a"),
        ("a/100EK113/c.jpg", 1, "a"),
        ("a/b/100EK113/c.jpg", 2, "a"),
    ],
)
def test_folder_above_goes_up_levels_and_out_of_cards(file, levels, camera) -> None:
    assert folder_above(file, levels) == camera


def test_covers_photos_in_all_folders_of_the_card() -> None:
    old = replace(STONE, camera="cam1/100RECNX")
    repeats = replace(make_list(), places=(old,))
    assert repeats.covers("cam1/101RECNX/x.jpg", STONE.box)
    assert not repeats.covers("cam2/100RECNX/x.jpg", STONE.box)


def test_write_and_read_give_the_same_list(tmp_path) -> None:
    make_list().write(tmp_path / "repeats.json")
    assert RepeatList.read(tmp_path / "repeats.json") == make_list()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "coco"}, "is not a ctc-repeats file"),
        ({"format_version": 2}, "update ctc"),
        ({"places": {}}, "'places' must be a list"),
        ({"levels": -1}, "'levels' a number from 0"),
        ({"min_iou": 0}, "'min_iou' must be"),
        ({"places": [{"camera": "a", "bbox": [0, 0, 0.1, 0.1]}]}, r"places\[0\] must have"),
        ({"places": [{"camera": "a", "bbox": [0, 0, 0, 0], "keep": True}]}, r"places\[0\]"),
        ({"places": [{"camera": "a", "bbox": [0, 0, 1, 1], "keep": "no"}]}, r"places\[0\]"),
        ({"places": ["a"]}, r"places\[0\]"),
    ],
)
def test_read_refuses_what_is_no_list(change, message, tmp_path) -> None:
    path = tmp_path / "repeats.json"
    path.write_text(json.dumps({**make_list().to_json(), **change}))
    with pytest.raises(InputError, match=message):
        RepeatList.read(path)


def test_read_names_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        RepeatList.read(tmp_path / "repeats.json")
