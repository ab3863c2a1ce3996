"""Counting the cameras of an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ctc.artifacts.inventory import Inventory
from ctc.inventory.camera_counts import CameraCount, TemperatureRange, count_cameras

ROWS: dict[str, list[Any]] = {
    "event_id": ["a", "a", "b", "c", "d"],
    "images": [["1.jpg", "2.jpg"], ["1.jpg", "2.jpg"], ["3.jpg"], ["4.jpg"], ["5.jpg"]],
    "species": ["fox", "hare", "fox", None, "fox"],
}
CAMERAS: dict[str, list[Any]] = {
    "camera_make": ["RECONYX", "RECONYX", "RECONYX", "Cuddeback", None],
    "camera_model": ["HC500", "HC500", "HC500", "Cuddeback 1125", None],
    "camera_serial": ["S1", "S1", "S2", None, None],
    "temperature": [-6.0, -6.0, 2.0, None, None],
    "trigger": ["timeLapse", "timeLapse", "activityDetection", None, None],
    "camera_data_from": ["reconyx", "reconyx", "reconyx", "exif", None],
}


def inventory(**meta: list[Any]) -> Inventory:
    return Inventory(pa.table({**ROWS, **meta}), ("species",), Path("/photos"))


def test_count_cameras_counts_each_event_once() -> None:
    counts = count_cameras(inventory(**CAMERAS))
    assert counts is not None
    assert counts.cameras == (
        CameraCount("RECONYX", "HC500", serials=2, events=2, photos=3),
        CameraCount("Cuddeback", "Cuddeback 1125", serials=0, events=1, photos=1),
    )
    assert counts.temperature == TemperatureRange(-6, -2, 2, events=2)
    assert counts.triggers == {"timeLapse": 1, "activityDetection": 1}
    assert counts.read_from == {"reconyx": 2, "exif": 1}
    assert counts.description == (
        "RECONYX HC500 (2 events, 2 serial numbers), Cuddeback 1125 (1 event); -6 to 2 °C; "
        "timeLapse (1), activityDetection (1)"
    )


def test_count_cameras_without_some_columns() -> None:
    counts = count_cameras(inventory(camera_data_from=["exif"] * 5, camera_model=["M"] * 5))
    assert counts is not None
    assert counts.cameras == (CameraCount("", "M", serials=0, events=4, photos=5),)
    assert (counts.temperature, counts.triggers) == (None, {})
    assert counts.description == "M (4 events)"


def test_count_cameras_takes_temperatures_that_a_source_gave_as_text() -> None:
    cameras = {**CAMERAS, "temperature": ["-6", "-6", "?", "10", None]}
    counts = count_cameras(inventory(**cameras))
    assert counts is not None
    assert counts.temperature == TemperatureRange(-6, 2, 10, events=2)


def test_count_cameras_needs_camera_data() -> None:
    assert count_cameras(inventory(temperature=[1, 1, 2, 3, 4])) is None
