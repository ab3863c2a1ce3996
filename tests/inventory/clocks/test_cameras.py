"""The cameras of an inventory, with the times of their clocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError
from ctc.inventory.clocks.cameras import Camera, read_cameras


def cameras_of(*rows: dict[str, Any]) -> list[Camera]:
    full = [
        {"event_id": str(number), "images": [f"a/IMG_{number:04}.JPG"], "species": "fox", **row}
        for number, row in enumerate(rows)
    ]
    schema = {name: pa.string() for row in full for name in row}
    fields = schema | {"images": pa.list_(pa.string())}
    table = pa.Table.from_pylist(full, pa.schema(fields.items()))
    return read_cameras(Inventory(table, ("species",), Path()))


def test_read_cameras_takes_deployments_before_locations_before_folders() -> None:
    row = {"datetime": "2024-05-01T10:00:00", "location": "L", "deploymentID": "D"}
    (named,) = cameras_of(row)
    assert (named.name, named.names) == ("D", ("D", "L", "a"))
    of_location, of_folder = cameras_of(
        {"datetime": row["datetime"], "location": "L"},
        {"datetime": row["datetime"], "location": None},
    )
    assert (of_location.name, of_folder.name) == ("L", "a")


def test_read_cameras_takes_the_time_of_the_clock_and_leaves_out_what_is_none() -> None:
    times = ("2024-05-01T10:00:00-05:00", "2024-05-01 10:01", None, "2024-05-01", "soon")
    (camera,) = cameras_of(*({"datetime": time} for time in times))
    assert camera.times.astype(str).tolist() == ["2024-05-01T10:00:00", "2024-05-01T10:01:00"]
    with pytest.raises(InputError, match="no event has a time"):
        cameras_of({"datetime": "soon"})


def test_read_cameras_counts_species_alone_and_orders_photos_alone() -> None:
    time = {"datetime": "2024-05-01T10:00:00"}
    (camera,) = cameras_of(
        {**time, "images": ["a/IMG_0003.JPG"]},
        {**time, "images": ["a/IMG_0002.MP4#t=0.5"], "species": "human"},
        {**time, "images": ["a/IMG_0001.JPG"], "species": "empty"},
        {**time, "images": ["a/IMG_0005.JPG"], "species": "Animal"},
        {**time, "images": ["a/IMG_0004.JPG"], "species": None},
    )
    assert [one >= 0 for one in camera.classes.tolist()] == [True, True, False, False, False]
    (roll,) = camera.rolls
    assert [camera.paths[at][-5] for at in roll] == ["1", "3", "4", "5"]


def test_read_cameras_takes_class_folders_for_one_camera() -> None:
    rows = [
        {
            "images": [f"{name}/north/IMG_000{at}.JPG"],
            "species": name,
            "datetime": "2024-05-01T10:00",
        }
        for at, name in enumerate(("fox", "hare"))
    ]
    (camera,) = cameras_of(*rows)
    assert (camera.name, len(camera)) == ("north", 2)
    assert np.array_equal(camera.rolls[0], [0, 1])
