"""Grouping photos by the numbers that cameras give them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError, UsageError
from ctc.inventory.config import InventoryConfig
from ctc.inventory.grouping import check_groupable, group_photos

NUMBERS = ("sequence", "sequence_length", "trigger_number")


def inventory(*rows: tuple[str, str, int | None, int | None, int | None], **meta: Any) -> Inventory:
    """Return an inventory of photos of (name, time of day, three NUMBERS), all at place N."""
    names, times, *numbers = zip(*rows, strict=True)
    columns = {
        "event_id": names,
        "images": [[f"{name}.jpg"] for name in names],
        "species": ["fox"] * len(rows),
        "datetime": [f"2024-05-01T{time}" for time in times],
        "location": ["N"] * len(rows),
        "camera_serial": ["S1"] * len(rows),
        **{
            name: pa.array(values, pa.int64())
            for name, values in zip(NUMBERS, numbers, strict=True)
        },
    }
    return Inventory(pa.table({**columns, **meta}), ("species",), Path("/photos"))


def grouped(photos: Inventory, seconds: float | None = None) -> list[str]:
    """Return the names of each event's photos in one word, ordered."""
    images = group_photos(photos, seconds, by_sequence=True)[0].table["images"].to_pylist()
    return sorted("".join(path.removesuffix(".jpg") for path in event) for event in images)


def test_group_photos_by_sequence_follows_the_camera_and_not_the_gap() -> None:
    photos = inventory(
        ("a", "10:00:00", 1, 3, 7),
        ("b", "10:01:30", 2, 3, 7),
        ("c", "10:03:00", 3, 3, 7),
        ("d", "10:03:01", 1, 3, 8),
        ("e", "10:03:01", 2, 3, 8),
    )
    assert grouped(photos) == ["abc", "de"]
    assert grouped(photos, 60) == ["abc", "de"]
    by_time = group_photos(photos, 60)[0].table["images"].to_pylist()
    assert by_time == [["a.jpg"], ["b.jpg"], ["c.jpg", "d.jpg", "e.jpg"]]


def test_group_photos_by_sequence_orders_photos_of_one_second() -> None:
    photos = inventory(
        ("c", "10:00:01", 3, 3, 7),
        ("d", "10:00:01", 1, 3, 8),
        ("b", "10:00:01", 2, 3, 7),
        ("a", "10:00:00", 1, 3, 7),
    )
    assert grouped(photos) == ["abc", "d"]


@pytest.mark.parametrize(
    "second",
    [
        ("b", "10:00:01", 2, 3, 8),
        ("b", "10:00:01", 2, 5, 7),
        ("b", "10:00:01", 1, 3, 7),
        ("b", "11:00:01", 2, 3, 7),
        ("b", "10:00:01", None, None, None),
    ],
    ids=["another trigger", "another length", "no higher number", "an hour later", "no number"],
)
def test_group_photos_by_sequence_leaves_apart(second: Any) -> None:
    assert grouped(inventory(("a", "10:00:00", 1, 3, 7), second), 60) == ["a", "b"]


def test_group_photos_by_sequence_joins_over_a_lost_photo() -> None:
    photos = inventory(("a", "10:00:00", 1, 3, 7), ("c", "10:00:02", 3, 3, 7))
    assert grouped(photos) == ["ac"]


def test_group_photos_by_sequence_leaves_cameras_of_a_place_apart() -> None:
    rows = [("a", "10:00:00", 1, 3, 7), ("b", "10:00:00", 2, 3, 7), ("c", "10:00:01", 2, 3, 7)]
    assert grouped(inventory(*rows, camera_serial=["S1", "S2", "S1"])) == ["ac", "b"]


def test_group_photos_by_sequence_takes_others_by_time_if_it_may() -> None:
    rows = [("a", "10:00:00", None, None, None), ("b", "10:00:05", None, None, None)]
    photos = inventory(*rows, ("c", "12:00:00", 1, 2, 3), ("d", "12:00:01", 2, 2, 3))
    assert grouped(photos) == ["a", "b", "cd"]
    assert grouped(photos, 60) == ["ab", "cd"]


def test_group_photos_by_sequence_needs_no_right_clock(caplog: pytest.LogCaptureFixture) -> None:
    rows = [("a", "00:00:05", 1, 2, 3), ("b", "00:00:06", 2, 2, 3)]
    reset = ["2000-01-01T00:00:05", "2000-01-01T00:00:06"]
    with caplog.at_level(logging.WARNING):
        assert grouped(inventory(*rows, datetime=reset)) == ["ab"]
    assert not caplog.records


def test_group_photos_by_sequence_needs_numbers() -> None:
    with pytest.raises(InputError, match="no photo tells which of its trigger it is"):
        grouped(inventory(("a", "10:00:00", None, None, None)))
    with pytest.raises(UsageError, match="add --camera-data auto"):
        check_groupable(inventory(("a", "1", 1, 1, 1)), InventoryConfig(events_by_sequence=True))
