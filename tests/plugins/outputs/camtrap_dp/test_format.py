from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import UsageError
from ctc.plugin import InputFormat, Observation
from ctc.plugin.manager import plugins

TABLES = ("deployments", "media", "observations")
LABELS = {
    "species": ("Vulpes vulpes", "blank", "human"),
    "count": ("1", "2+"),
    "resting": ("0", "1"),
}
SPRING = "2016-03-27T01:59:59"  # the last second before Berlin's clocks went an hour forward


def event(name: str, *photos: dict[str, Any], species: int = 0, **meta: Any) -> EventPrediction:
    values = {
        "species": np.where(np.arange(3) == species, 0.9, 0.05).astype(np.float32),
        "count": np.array([0.3, 0.7], np.float32),
        "resting": np.array([0.8, 0.2], np.float32),
    }
    images = tuple(ImagePrediction(**{"probabilities": values, **photo}) for photo in photos)
    return EventPrediction(name, LABELS, values, images, meta)


@pytest.fixture
def package(write, tmp_path):
    """A function that writes a package of events and returns its folder.

    The photos are below tmp_path/photos.
    """

    def make(*entries, time_zone: str | None = "Europe/Berlin", **options) -> Path:
        return write(
            "camtrap-dp", entries, LABELS, tmp_path / "photos", time_zone=time_zone, **options
        )

    return make


@pytest.fixture
def full(tmp_path) -> list[EventPrediction]:
    """Events with all that the standard requires, under names that need escaping."""
    photos = tmp_path / "photos"
    place = {"latitude": 0.0, "longitude": 13.5, "camera": "RECONYX HC500"}
    return [
        event(
            "1",
            {"path": f"{photos}/north/1.jpg", "taken": SPRING, **place},
            {"path": f"{photos}/north/2.jpg", "taken": SPRING},
        ),
        event(
            '2,"x"\n=1',
            {"path": f"{photos}/a..b/🦊, 'x'\n.PNG", "taken": "2016-03-27T03:00:00.5", **place},
            species=1,
        ),
        event(
            "3",
            {"path": f"{photos}/.hidden\udce9.jpg", "taken": SPRING, **place},
            species=2,
            deploymentID="NA",
        ),
        event(
            "1:event",
            {"path": "/elsewhere/3.tif", "taken": SPRING},
            location="K7",
            latitude="-2.5",
            longitude=34,
        ),
    ]


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def problems(standard: Path, folder: Path) -> Iterator[str]:
    """Yield the violations of the constraints in the official schemas."""
    for name in TABLES:
        schema = json.loads((standard / f"{name}-table-schema.json").read_text())
        rows = table(folder, name)
        header = (folder / f"{name}.csv").read_text().splitlines()[0].split(",")
        if header != [field["name"] for field in schema["fields"]]:
            yield f"{name}: columns {header}"
        for field in schema["fields"]:
            cells = [row[field["name"]] for row in rows]
            if field["constraints"].get("unique") and len(set(cells)) != len(cells):
                yield f"{name}.{field['name']}: not unique"
            yield from (
                f"{name}.{field['name']}: {cell!r}" for cell in cells if not valid(cell, field)
            )


def valid(cell: str, field: dict[str, Any]) -> bool:
    rules = field["constraints"]
    if cell in ("", "NA", "NaN", "nan"):
        return not rules["required"]
    if field["type"] in ("number", "integer"):
        number = float(cell) if field["type"] == "number" else int(cell)
        return rules.get("minimum", number) <= number <= rules.get("maximum", number)
    if field["type"] == "datetime":
        return bool(datetime.strptime(cell, field["format"]))
    if field["type"] == "boolean":
        return cell in ("true", "false")
    return cell in rules.get("enum", [cell]) and bool(re.search(rules.get("pattern", ""), cell))


def test_package_is_valid_camtrap_dp(package, full, shared, failure) -> None:
    standard = shared / "standards" / "camtrap-dp-1.0.2"
    folder = package(full[0], failure, *full[1:])
    assert list(problems(standard, folder)) == []
    profile = json.loads((standard / "camtrap-dp-profile.json").read_text())["allOf"][1]
    document = json.loads((folder / "datapackage.json").read_text())
    assert set(profile["required"]) <= set(document)
    assert set(profile["properties"]["project"]["required"]) <= set(document["project"])


def test_package_foreign_keys_exist(package, full) -> None:
    folder = package(*full)
    deployments = {row["deploymentID"] for row in table(folder, "deployments")}
    media = {row["mediaID"] for row in table(folder, "media")}
    observations = table(folder, "observations")
    assert {row["deploymentID"] for row in [*table(folder, "media"), *observations]} == deployments
    assert {row["mediaID"] for row in observations if row["observationLevel"] == "media"} == media
    assert {row["mediaID"] for row in observations if row["observationLevel"] == "event"} == {""}


def test_observation_rows_per_event_and_photo(package, full) -> None:
    event_row, photo_row, _ = table(package(full[0]), "observations")
    event_cells = {name: value for name, value in event_row.items() if value}
    assert event_cells == {
        "observationID": "1:event",
        "deploymentID": "north",
        "eventID": "1",
        "eventStart": "2016-03-27T01:59:59+01:00",
        "eventEnd": "2016-03-27T01:59:59+01:00",
        "observationLevel": "event",
        "observationType": "animal",
        "scientificName": "Vulpes vulpes",
        "classificationMethod": "machine",
        "classifiedBy": "model.onnx",
        "classificationTimestamp": "2026-03-01T12:30:05Z",
        "classificationProbability": "0.9",
        "observationTags": "count:2+ | resting:0",
    }
    changes = {"observationID": "1:1", "mediaID": "1:1", "observationLevel": "media"}
    assert photo_row == {**event_row, **changes}


def test_observation_rows_use_columns_of_the_standard(package) -> None:
    labels = {
        "species": ("Vulpes vulpes",),
        "count": ("3",),
        "sex": ("male",),
        "lifeStage": ("old",),
        "behavior": ("0",),
    }
    values = {label: np.ones(1, np.float32) for label in labels}
    entry = EventPrediction("1", labels, values, (ImagePrediction("a.jpg", values),))
    row = table(package(entry), "observations")[0]
    assert (row["count"], row["sex"], row["lifeStage"], row["behavior"]) == ("3", "male", "", "0")
    assert row["observationTags"] == "lifeStage:old"


def test_observation_type_of_empty_and_human(package, full) -> None:
    rows = table(package(*full[1:3]), "observations")[::2]
    assert [(row["observationType"], row["scientificName"]) for row in rows] == [
        ("blank", ""),
        ("human", ""),
    ]


def test_observation_of_nothing_has_no_count(package, full) -> None:
    first, *_ = table(package(full[1]), "observations")
    assert (first["count"], first["observationTags"]) == ("", "resting:0")


def test_deployment_spans_photos_and_has_coordinates(package, full) -> None:
    north, *others = table(package(*full), "deployments")
    assert {name: value for name, value in north.items() if value} == {
        "deploymentID": "north",
        "latitude": "0.0",
        "longitude": "13.5",
        "deploymentStart": "2016-03-27T01:59:59+01:00",
        "deploymentEnd": "2016-03-27T01:59:59+01:00",
        "cameraModel": "RECONYX HC500",
    }
    places = [
        (row["deploymentID"], row["locationID"], row["latitude"], row["longitude"])
        for row in others
    ]
    assert places == [
        ("a..b", "", "0.0", "13.5"),
        ("photos", "", "0.0", "13.5"),
        ("K7", "K7", "-2.5", "34.0"),
    ]


def test_media_file_path_is_relative_or_url(package, full, tmp_path) -> None:
    rows = table(package(*full), "media")
    photos = (tmp_path / "photos").as_uri()
    assert [row["filePath"] for row in rows] == [
        "north/1.jpg",
        "north/2.jpg",
        f"{photos}/a%2E%2Eb/%F0%9F%A6%8A%2C%20%27x%27%0A.PNG",
        f"{photos}/.hidden%E9.jpg",
        "file:///elsewhere/3.tif",
    ]
    assert [row["fileMediatype"] for row in rows] == ["image/jpeg"] * 2 + [
        "image/png",
        "image/jpeg",
        "image/tiff",
    ]


def test_time_zone_follows_daylight_saving(package, full) -> None:
    times = [row["timestamp"] for row in table(package(*full[:2]), "media")]
    assert times == [
        "2016-03-27T01:59:59+01:00",
        "2016-03-27T01:59:59+01:00",
        "2016-03-27T03:00:00+02:00",
    ]


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("-03:30", "2016-03-27T01:59:59-03:30"),
        ("+0530", "2016-03-27T01:59:59+05:30"),
        ("UTC", "2016-03-27T01:59:59+00:00"),
    ],
)
def test_time_zone_may_be_offset(package, full, zone, time) -> None:
    assert table(package(full[0], time_zone=zone), "media")[0]["timestamp"] == time


def test_time_without_zone_needs_option(package, full) -> None:
    with pytest.raises(
        UsageError,
        match=r"1\.jpg', taken at 2016-03-27T01:59:59, is unknown: set --time-zone",
    ):
        package(*full, time_zone=None)


def test_time_with_zone_needs_no_option(package) -> None:
    entry = event("1", {"path": "a.jpg"}, datetime="2016-03-27T01:59:59Z")
    assert (
        table(package(entry, time_zone=None), "media")[0]["timestamp"]
        == "2016-03-27T01:59:59+00:00"
    )


def test_time_of_a_photo_has_the_zone_of_its_event(package) -> None:
    entry = event("1", {"path": "a.jpg", "taken": SPRING}, datetime="2016-03-27T01:59:50-03:00")
    (row,) = table(package(entry, time_zone=None), "media")
    assert row["timestamp"] == "2016-03-27T01:59:59-03:00"


@pytest.mark.parametrize("zone", ["Europe/Berln", "+99:00", "../secret", "Europe", ""])
def test_time_zone_rejects_unknown_name(package, zone) -> None:
    with pytest.raises(
        UsageError,
        match=r"no time zone called '.*': give a name such as Europe/Berlin, or an offset",
    ):
        package(time_zone=zone)


@pytest.mark.parametrize(("latitude", "longitude"), [("51,496", "4,774"), ("51.496°", " 4.774 ° ")])
def test_coordinates_of_a_table_may_have_decimal_comma_or_degree_sign(
    package, latitude: str, longitude: str
) -> None:
    folder = package(event("1", {"path": "a.jpg"}, latitude=latitude, longitude=longitude))
    deployment = table(folder, "deployments")[0]
    assert (deployment["latitude"], deployment["longitude"]) == ("51.496", "4.774")


@pytest.mark.parametrize("time", [None, "", "yesterday", "2016-03-27", 20160327])
def test_readme_lists_missing_values(package, time) -> None:
    folder = package(
        event("1", {"path": "a.jpg"}, location="K7", datetime=time, latitude="north", longitude=400)
    )
    assert table(folder, "media")[0]["timestamp"] == ""
    deployment = table(folder, "deployments")[0]
    assert (deployment["latitude"], deployment["longitude"], deployment["deploymentStart"]) == (
        "",
        "",
        "",
    )
    readme = (folder / "README.md").read_text()
    assert "- `deployments.csv`: `latitude` and `longitude` of 1 deployment, for which" in readme
    assert "(`K7`)" in readme
    assert "- `media.csv`: `timestamp` of 1 photo without a time of the camera" in readme
    document = json.loads((folder / "datapackage.json").read_text())
    assert document["temporal"] == {"start": None, "end": None}
    assert document["spatial"] == {"type": "Feature", "geometry": None, "properties": {}}


def test_medium_has_the_start_of_its_clip(package) -> None:
    frames = [
        {"path": "a.mp4#t=1.367", "taken": "2016-09-25T23:44:21.366700"},
        {"path": "a.mp4#t=3", "taken": "2016-09-25T23:44:23"},
    ]
    folder = package(event("1", *frames))
    (medium,) = table(folder, "media")
    assert medium["timestamp"] == "2016-09-25T23:44:20+02:00"
    assert table(folder, "deployments")[0]["deploymentStart"] == "2016-09-25T23:44:20+02:00"
    of_event, first, _ = table(folder, "observations")
    assert (of_event["eventStart"][11:19], of_event["eventEnd"][11:19]) == ("23:44:20", "23:44:23")
    assert first["eventStart"][11:19] == "23:44:21"


def test_package_says_what_a_corrected_clock_showed(package) -> None:
    original = {"datetime_original": "2000-01-01T00:12:00"}
    photos = [
        {"path": "a.jpg", "taken": "2024-05-01T10:00:00", "meta": original},
        {"path": "b.jpg", "taken": "2024-05-01T10:00:05", "meta": {"datetime_original": None}},
    ]
    folder = package(event("1", *photos, location="K7", **original))
    first, second = table(folder, "media")
    assert first["mediaComments"] == "the camera's clock showed 2000-01-01T00:12:00"
    assert second["mediaComments"] == ""
    readme = (folder / "README.md").read_text()
    assert "the clock of 1 deployment was corrected (`K7`): the times of 1 photo are" in readme


def test_readme_counts_clips_without_a_time_once(package) -> None:
    clip = [{"path": f"a.mp4#t={second}"} for second in range(3)]
    folder = package(event("1", *clip, location="K7"), event("2", {"path": "b.jpg"}, location="K7"))
    readme = (folder / "README.md").read_text()
    assert "- `media.csv`: `timestamp` of 1 photo and 1 clip without a time" in readme


def test_readme_of_complete_package(package, full) -> None:
    assert (
        "- Nothing that the standard requires is missing."
        in (package(*full) / "README.md").read_text()
    )


def test_descriptor_covers_space_time_and_species(package, full) -> None:
    document = json.loads((package(*full) / "datapackage.json").read_text())
    corners = [[13.5, -2.5], [34.0, -2.5], [34.0, 0.0], [13.5, 0.0], [13.5, -2.5]]
    assert document["spatial"] == {"type": "Polygon", "coordinates": [corners]}
    assert document["temporal"] == {"start": "2016-03-27", "end": "2016-03-27"}
    assert document["taxonomic"] == [{"scientificName": "Vulpes vulpes"}]
    assert [resource["path"] for resource in document["resources"]] == [
        f"{name}.csv" for name in TABLES
    ]


def test_package_can_be_read_by_input_format(package, full) -> None:
    folder = package(
        full[0],
        replace(full[1], images=(replace(full[1].images[0], path=str(folder_of(full) / "x.jpg")),)),
    )
    reader = plugins().get(InputFormat, "camtrap-dp")
    options = {option.key: option.default for option in reader.options}
    found = [one for one in reader.read(folder, options) if isinstance(one, Observation)]
    assert [(one.event_id, one.images, one.labels["species"]) for one in found] == [
        ("1", ("north/1.jpg", "north/2.jpg"), "Vulpes vulpes"),
        ('2,"x"\n=1', ("x.jpg",), "empty"),
    ]


def folder_of(entries: list[EventPrediction]) -> Path:
    return Path(entries[0].images[0].path).parents[1]


def test_write_zip_is_reproducible(write, package, full, tmp_path) -> None:
    folder = package(*full)
    root = tmp_path / "photos"
    first = write("camtrap-dp-zip", full, LABELS, root, time_zone="Europe/Berlin")
    packed = first.read_bytes()
    with ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }
    first.unlink()
    assert (
        write("camtrap-dp-zip", full, LABELS, root, time_zone="Europe/Berlin").read_bytes()
        == packed
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "written.camtrap-dp",
        "written.camtrap-dp-zip",
    ]


def test_notes_are_in_readme_and_description(package, full) -> None:
    folder = package(*full, notes=("species: 2 of 3 classes",))
    assert "\n- Note: species: 2 of 3 classes.\n\n##" in (folder / "README.md").read_text()
    contents, answered, note = json.loads((folder / "datapackage.json").read_text())[
        "description"
    ].splitlines()
    assert contents == "Observations of 5 photos and clips at 4 deployments, written by ctc."
    assert answered.endswith("answered; no person checked it.")
    assert note == "species: 2 of 3 classes"
