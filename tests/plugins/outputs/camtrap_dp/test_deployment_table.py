"""Deployments of a user's table: which one an event has, and what the package says of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import CtcError

LABELS = {"species": ("Vulpes vulpes", "blank")}
VALUES = {"species": np.array([0.9, 0.1], np.float32)}
CAMTRAP_DP = (
    "deploymentID,locationID,locationName,latitude,longitude,deploymentStart,deploymentEnd,"
    "cameraModel,cameraHeight,cameraTilt,baitUse,featureType,deploymentComments,observer\n"
)
NORTH = (
    "north-1,north,North gate,48.5,11,2024-04-01T08:00:00+02:00,2024-04-30T18:00:00+02:00,"
    'Reconyx-HF2X,"1,3",-15.0,FALSE,trailGame,windy,Jo\n'
)
LATER = "north-2,north,,48.5,11,2024-05-01T08:00:00Z,2024-05-30T18:00:00Z,,low,,,path,,\n"


def event(name: str, *times: str, path: str = "north/1.jpg", **meta: Any) -> EventPrediction:
    images = tuple(
        ImagePrediction(path, VALUES, taken=time, camera="RECONYX HC500", latitude=1, longitude=2)
        for time in times
    )
    return EventPrediction(name, LABELS, VALUES, images, meta)


@pytest.fixture
def package(write, tmp_path):
    """A function that writes a package with a table of deployments and returns its folder."""

    def make(table: str, *entries: EventPrediction, time_zone: str | None = "+02:00") -> Path:
        path = tmp_path / "sites.csv"
        path.write_text(table, encoding="utf-8")
        return write(
            "camtrap-dp",
            entries,
            LABELS,
            tmp_path,
            time_zone=time_zone,
            deployments=path,
        )

    return make


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {column: cell for column, cell in row.items() if cell} for row in csv.DictReader(file)
        ]


def test_deployment_has_the_columns_of_the_table(package, tmp_path) -> None:
    folder = package(CAMTRAP_DP + NORTH, event("e1", "2024-04-02T06:00:00", location="north-1"))
    assert rows(folder, "deployments") == [
        {
            "deploymentID": "north-1",
            "locationID": "north",
            "locationName": "North gate",
            "latitude": "48.5",
            "longitude": "11.0",
            "deploymentStart": "2024-04-01T08:00:00+02:00",
            "deploymentEnd": "2024-04-30T18:00:00+02:00",
            "cameraModel": "Reconyx-HF2X",
            "cameraHeight": "1.3",
            "cameraTilt": "-15",
            "baitUse": "false",
            "featureType": "trailGame",
            "deploymentComments": "windy",
        }
    ]
    assert {row["deploymentID"] for row in rows(folder, "media")} == {"north-1"}
    document = json.loads((folder / "datapackage.json").read_text())
    assert document["temporal"] == {"start": "2024-04-01", "end": "2024-04-30"}
    readme = (folder / "README.md").read_text()
    assert "The deployments are those of `sites.csv`, also those without photos." in readme
    assert (
        "columns of `sites.csv` that the standard doesn't have were left out: `observer`" in readme
    )


@pytest.mark.parametrize(
    ("path", "meta"),
    [("north/1.jpg", {}), ("2024/north/100RECNX/1.jpg", {}), ("x/1.jpg", {"location": "north"})],
)
def test_deployment_of_a_location_is_that_of_the_time(package, tmp_path, path, meta) -> None:
    taken = ("2024-04-30T18:00:00", "2024-05-02T06:00:00", "2024-07-01T06:00:00")
    photos = str(tmp_path / path)
    entries = [event(time, time, path=photos, **meta) for time in taken]
    folder = package(CAMTRAP_DP + NORTH + LATER, *entries)
    found = [row["deploymentID"] for row in rows(folder, "media")]
    assert found == ["north-1", "north-2", "north-2"]


def test_photos_outside_are_counted(package, caplog) -> None:
    entry = event("e1", "2024-04-30T18:00:01", "2024-04-02T06:00:00", location="north")
    folder = package(CAMTRAP_DP + NORTH, entry)
    assert rows(folder, "deployments")[0]["timestampIssues"] == "true"
    note = "1 photo was taken before the start or after the end of 1 deployment (`north-1`)"
    assert note in (folder / "README.md").read_text()
    assert note in caplog.text


def test_deployments_without_photos_are_written_and_told(package) -> None:
    entry = event("e1", "2024-04-02T06:00:00", location="north")
    folder = package(CAMTRAP_DP + NORTH + LATER, entry)
    assert [row["deploymentID"] for row in rows(folder, "deployments")] == ["north-1", "north-2"]
    assert "1 deployment has no photos (`north-2`)" in (folder / "README.md").read_text()


def test_values_that_the_standard_forbids_are_left_empty(package) -> None:
    folder = package(CAMTRAP_DP + LATER, event("e1", "2024-05-02T06:00:00", location="north"))
    (deployment,) = rows(folder, "deployments")
    assert not {"cameraHeight", "featureType"} & set(deployment)
    assert deployment["cameraModel"] == "RECONYX HC500"
    readme = (folder / "README.md").read_text()
    assert "`cameraHeight` of 1 deployment, where the table has what the standard" in readme
    assert "`featureType` of 1 deployment, where" in readme


def test_deployments_that_are_not_listed_are_told(package, caplog) -> None:
    entries = [
        event("e1", "2024-04-02T06:00:00", location="south"),
        event("e2", "2024-04-03T06:00:00", location="south"),
    ]
    folder = package(CAMTRAP_DP + NORTH, *entries)
    south = rows(folder, "deployments")[1]
    assert (south["deploymentID"], south["deploymentStart"], south["deploymentEnd"]) == (
        "south",
        "2024-04-02T06:00:00+02:00",
        "2024-04-03T06:00:00+02:00",
    )
    assert "of 1 deployment that `sites.csv` doesn't list are those of the photos (`south`)" in (
        caplog.text
    )


def test_times_in_the_future_are_not_the_end_of_a_deployment(package, caplog) -> None:
    times = "2024-04-02T06:00:00", "2130-06-01T06:00:00", "2024-04-03T06:00:00"
    folder = package(CAMTRAP_DP + NORTH, event("e1", *times, location="south"))
    south = rows(folder, "deployments")[1]
    assert south["deploymentStart"][:10] == "2024-04-02"
    assert south["deploymentEnd"][:10] == "2024-04-03"
    assert south["timestampIssues"] == "true"
    assert "1 photo has a time that is the default of a camera's clock or in the" in caplog.text


def test_table_of_camtrapr(package) -> None:
    table = (
        "Station,Setup_date,Retrieval_date,Problem1_from,Problem1_to\n"
        "north,2024-04-01,2024-04-10,2024-04-03,2024-04-04\n"
        "north,2024-05-01,2024-05-10,,\n"
    )
    entry = event("e1", "2024-04-01T06:00:00", "2024-04-10T23:59:59", location="north")
    first, second = rows(package(table, entry), "deployments")
    assert first == {
        "deploymentID": "north 2024-04-01",
        "locationID": "north",
        "latitude": "1.0",
        "longitude": "2.0",
        "deploymentStart": "2024-04-01T06:00:00+02:00",
        "deploymentEnd": "2024-04-10T23:59:59+02:00",
        "cameraModel": "RECONYX HC500",
        "deploymentComments": "did not work from 2024-04-03T00:00:00 to 2024-04-05T00:00:00",
    }
    assert (second["deploymentID"], second["deploymentStart"]) == (
        "north 2024-05-01",
        "2024-05-01T12:00:00+02:00",
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "Station,Setup_date,Retrieval_date\nn,2024-04-01,2024-04-02\n",
            "the time zone of the dep",
        ),
        (CAMTRAP_DP + NORTH + NORTH, "several deployments called 'north-1': give each row a"),
        (CAMTRAP_DP, "has no deployment"),
    ],
)
def test_table_that_can_not_be_used(package, table: str, message: str) -> None:
    with pytest.raises(CtcError, match=message):
        package(table, time_zone=None)


def test_package_takes_serial_number_and_trigger_from_camera_data(package) -> None:
    table = "deploymentID,cameraID,start,end\nnorth,C7,2024-04-01,2024-04-30\n"
    one = event(
        "a", "2024-04-02T10:00:00", location="north", camera_serial="S1", trigger="timeLapse"
    )
    two = event("b", "2024-04-02T10:00:00", location="south", camera_serial="S2", trigger="manual")
    folder = package(table, one, two)
    assert [row.get("cameraID") for row in rows(folder, "deployments")] == ["C7", "S2"]
    assert [row.get("captureMethod") for row in rows(folder, "media")] == ["timeLapse", None]
    document = json.loads((folder / "datapackage.json").read_text())
    assert document["project"]["captureMethod"] == ["timeLapse"]


def test_package_has_no_camera_id_where_cameras_were_changed(package) -> None:
    table = "deploymentID,start,end\nnorth,2024-04-01,2024-04-30\n"
    photos = [
        event(serial, "2024-04-02T10:00:00", location="north", camera_serial=serial)
        for serial in ("S1", "S2")
    ]
    (deployment,) = rows(package(table, *photos), "deployments")
    assert "cameraID" not in deployment
