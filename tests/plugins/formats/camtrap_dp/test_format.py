"""Camtrap DP packages: both observation levels, required columns, and invalid packages."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctc.artifacts.boxes import Box, LabelledBox, detections_from_json
from ctc.artifacts.camtrap_dp.package import OPTIONAL, REQUIRED
from ctc.artifacts.inventory import Inventory
from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.errors import InputError, UsageError
from ctc.images import encode_jpeg
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins

DEPLOYMENT = {
    "deploymentID": "d1",
    "locationID": "creek",
    "latitude": "50.5",
    "longitude": "-4",
    "deploymentStart": "2020-01-01T00:00:00Z",
    "deploymentEnd": "2021-01-01T00:00:00Z",
}
META = {
    "deploymentID": "d1",
    "location": "creek",
    "latitude": 50.5,
    "longitude": -4.0,
    "datetime": "2020-05-01T10:00:00Z",
}
Cells = Mapping[str, str]


def photo(media_id: str, second: int = 0, **cells: str) -> Cells:
    return {
        "mediaID": media_id,
        "deploymentID": "d1",
        "timestamp": f"2020-05-01T10:00:{second:02d}Z",
        "filePath": f"media/{media_id}.jpg",
        "filePublic": "true",
        "fileMediatype": "image/jpeg",
        **cells,
    }


def row(number: int, level: str, **cells: str) -> Cells:
    return {
        "observationID": f"o{number}",
        "deploymentID": "d1",
        "eventStart": "2020-05-01T10:00:00Z",
        "eventEnd": "2020-05-01T10:00:09Z",
        "observationLevel": level,
        "observationType": "animal",
        **cells,
    }


def of_event(number: int, species: str, **cells: str) -> Cells:
    return row(number, "event", scientificName=species, **{"eventID": "e1", **cells})


def of_photo(number: int, media_id: str, species: str, **cells: str) -> Cells:
    return row(number, "media", mediaID=media_id, scientificName=species, **cells)


def text_of(rows: list[Cells]) -> str:
    columns = list(dict.fromkeys(column for cells in rows for column in cells))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def descriptor(**files: Any) -> dict[str, Any]:
    resources = [
        {"name": name, "path": path, "profile": "tabular-data-resource"}
        for name, path in files.items()
    ]
    profile = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/camtrap-dp-profile.json"
    return {"resources": resources, "profile": profile}


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a package with these photos, observations and deployments."""

    def write(
        media: list[Cells], observations: list[Cells], deployments: list[Cells] | None = None
    ) -> Path:
        (tmp_path / "deployments.csv").write_text(
            text_of([DEPLOYMENT] if deployments is None else deployments)
        )
        (tmp_path / "media.csv").write_text(text_of(media))
        (tmp_path / "observations.csv").write_text(text_of(observations))
        files = {name: f"{name}.csv" for name in ("deployments", "media", "observations")}
        (tmp_path / "datapackage.json").write_text(json.dumps(descriptor(**files)))
        return tmp_path

    return write


def read(source: Path, duplicates: str = "fail", level: str = "any") -> list[Observation | LeftOut]:
    options = {"duplicates": duplicates, "observation_level": level}
    return list(plugins().get(InputFormat, "camtrap-dp").read(source, options))


def seen(entries: list[Observation | LeftOut]) -> list[tuple[str, Mapping[str, str | None]]]:
    return [(entry.event_id, entry.labels) for entry in entries if isinstance(entry, Observation)]


def test_event_has_photos_of_its_deployment_and_time_span(
    package: Callable[..., Path],
) -> None:
    photos = [
        photo("b", 9),
        photo("z", 0, fileName="2"),
        photo("a", 0, fileName="1"),
        photo("later", 10),
    ]
    assert read(package(photos, [of_event(1, "Vulpes vulpes")])) == [
        Observation(
            "e1", ("media/a.jpg", "media/z.jpg", "media/b.jpg"), {"species": "Vulpes vulpes"}, META
        ),
        LeftOut("media/later.jpg", "no observation"),
    ]


def test_event_span_compares_times_across_zones(package: Callable[..., Path]) -> None:
    photos = [
        photo("a", timestamp="2020-05-01T12:00:03+0200"),
        photo("b", timestamp="2020-05-01T10:00:03+0200"),
    ]
    (event, _) = read(package(photos, [of_event(1, "Lepus")]))
    assert isinstance(event, Observation)
    assert event.images == ("media/a.jpg",)


def test_event_excludes_photos_of_other_deployments(package: Callable[..., Path]) -> None:
    deployments = [DEPLOYMENT, {**DEPLOYMENT, "deploymentID": "d2"}]
    found = read(
        package([photo("a"), photo("b", deploymentID="d2")], [of_event(1, "Lepus")], deployments)
    )
    assert found[1] == LeftOut("media/b.jpg", "no observation")


def test_event_without_id_is_named_by_deployment_and_time(
    package: Callable[..., Path],
) -> None:
    found = seen(read(package([photo("a")], [of_event(1, "Lepus", eventID="")])))
    assert found == [("d1 2020-05-01T10:00:00Z/2020-05-01T10:00:09Z", {"species": "Lepus"})]


def test_event_based_observations_replace_media_based(package: Callable[..., Path]) -> None:
    rows = [
        of_photo(1, "a", "Lepus", eventID="e1"),
        of_photo(2, "outside", "Lepus", eventID="e1"),
        of_photo(3, "b", "Martes"),
        of_event(4, "Vulpes"),
    ]
    assert read(package([photo("a"), photo("b", 1), photo("outside", 30)], rows)) == [
        *(
            LeftOut(f"observations.csv line {line}", "its event has event-based observations")
            for line in (2, 3)
        ),
        Observation(
            "e1", ("media/a.jpg", "media/b.jpg", "media/outside.jpg"), {"species": "Vulpes"}, META
        ),
        LeftOut("observations.csv line 4", "its event has event-based observations"),
    ]


def test_media_based_observations_form_named_event(
    package: Callable[..., Path],
) -> None:
    rows = [
        of_photo(1, "b", "Lepus", eventID="e1"),
        of_photo(2, "a", "Lepus", eventID="e1"),
        of_photo(3, "c", "Martes"),
    ]
    assert read(package([photo("a"), photo("b", 1), photo("c", 2)], rows)) == [
        Observation("e1", ("media/a.jpg", "media/b.jpg"), {"species": "Lepus"}, META),
        Observation(
            "c",
            ("media/c.jpg",),
            {"species": "Martes"},
            {**META, "datetime": "2020-05-01T10:00:02Z"},
        ),
    ]


def test_boxes_of_photos_are_kept_with_their_labels(package: Callable[..., Path]) -> None:
    def bbox(*sides: float) -> dict[str, str]:
        names = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
        return dict(zip(names, map(str, sides), strict=True))

    rows = [
        of_photo(1, "a", "Lepus", eventID="e1", **bbox(0.1, 0.2, 0.3, 0.4)),
        of_photo(2, "a", "Martes", eventID="e1", **bbox(0.5, 0.2, 0.3, 0.4)),
        of_photo(3, "b", "Lepus", eventID="e1", **bbox(0.9, 0.2, 0.3, 0.4)),
    ]
    found = read(package([photo("a"), photo("b", 1)], rows))
    assert [(one.where, one.reason) for one in found if isinstance(one, LeftOut)] == [
        ("observations.csv line 4", "its bbox is not within the photo, as fractions from 0 to 1")
    ]
    events = [one for one in found if isinstance(one, Observation)]
    assert [one.labels["species"] for one in events] == ["Lepus", "Martes"]
    first, second = events[0].meta["detections"]
    assert second is None
    assert detections_from_json(first) == (
        LabelledBox(Box(0.1, 0.2, 0.3, 0.4), "animal", {"species": "Lepus"}),
        LabelledBox(Box(0.5, 0.2, 0.3, 0.4), "animal", {"species": "Martes"}),
    )


def test_single_photo_event_differs_from_event_with_same_id(package: Callable[..., Path]) -> None:
    found = seen(
        read(
            package(
                [photo("a"), photo("b")],
                [of_photo(1, "a", "Lepus"), of_photo(2, "b", "Martes", eventID="a")],
            )
        )
    )
    assert found == [("a", {"species": "Martes"}), ("media a", {"species": "Lepus"})]


def test_times_that_cameras_showed_are_kept(package: Callable[..., Path]) -> None:
    comment = "the camera's clock showed 2000-01-01T00:12:00"
    media = [photo("a", mediaComments=comment), photo("b", 5)]
    rows = [of_photo(1, "a", "fox"), of_photo(2, "b", "fox")]
    found = read(package(media, rows))
    assert [one.meta["datetime_original"] for one in found] == [
        "2000-01-01T00:12:00",
        "2020-05-01T10:00:05Z",
    ]


def test_photos_may_name_their_event(package: Callable[..., Path]) -> None:
    rows = [of_photo(1, "a", "Lepus")]
    (event,) = read(package([photo("a", eventID="e1"), photo("b", 1, eventID="e1")], rows))
    assert isinstance(event, Observation)
    assert (event.event_id, event.images) == ("e1", ("media/a.jpg", "media/b.jpg"))


def test_counts_are_summed_per_event_but_not_over_photos(
    package: Callable[..., Path],
) -> None:
    photos = [photo("a"), photo("b", 30), photo("c", 31)]
    rows = [
        of_event(1, "Lepus", count="1"),
        of_event(2, "Lepus", count="2.0"),
        of_photo(3, "b", "Lepus", eventID="e2", count="3"),
        of_photo(4, "c", "Lepus", eventID="e2", count="9"),
    ]
    found = seen(read(package(photos, rows)))
    assert found == [
        ("e1", {"species": "Lepus", "count": "3"}),
        ("e2", {"species": "Lepus", "count": "9"}),
    ]


def test_counts_of_one_photo_are_summed(package: Callable[..., Path]) -> None:
    rows = [
        of_photo(number, media, "Lepus", eventID="e1", count="1")
        for number, media in enumerate("aabbba")
    ]
    found = seen(read(package([photo("a"), photo("b", 1)], rows)))
    assert found == [("e1", {"species": "Lepus", "count": "3"})]


def test_people_come_before_machines(
    package: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    machine = {"classificationMethod": "machine"}
    rows = [
        of_event(1, "Lepus", **machine),
        of_event(2, "Martes"),
        of_photo(3, "b", "Vulpes", **machine),
        of_photo(4, "b", "Meles"),
        of_photo(5, "c", "Vulpes", **machine),
    ]
    found = read(package([photo("a"), photo("b", 30), photo("c", 40)], rows))
    assert [species for _, (_, species) in enumerate(seen(found))] == [
        {"species": name} for name in ("Martes", "Meles", "Vulpes")
    ]
    reason = "it is a machine's, and people answered its event"
    assert [one.where for one in found if isinstance(one, LeftOut) and one.reason == reason] == [
        "observations.csv line 2",
        "observations.csv line 4",
    ]
    assert "1 event was answered by machines alone" in caplog.text


def test_observation_level_reads_one_level_only(package: Callable[..., Path]) -> None:
    rows = [
        of_event(1, "Lepus"),
        of_photo(2, "a", "Martes", eventID="e1"),
        of_photo(3, "b", "Vulpes"),
    ]
    source = package([photo("a"), photo("b", 30)], rows)
    other = "--observation-level leaves it out"
    by_event = read(source, level="event")
    assert seen(by_event) == [("e1", {"species": "Lepus"})]
    assert [one.reason for one in by_event if isinstance(one, LeftOut)] == [
        other,
        other,
        "no observation",
    ]
    by_photo = read(source, level="media")
    assert seen(by_photo) == [("a", {"species": "Martes"}), ("b", {"species": "Vulpes"})]
    events = [one.meta["eventID"] for one in by_photo if isinstance(one, Observation)]
    assert events == ["e1", None]


def test_labels_include_columns_with_any_value(package: Callable[..., Path]) -> None:
    rows = [
        of_event(1, "Lepus", sex="female", lifeStage="adult", behavior="running", count="NA"),
        of_event(2, "Lepus", sex="male"),
    ]
    assert seen(read(package([photo("a")], rows))) == [
        ("e1", {"species": "Lepus", "sex": "female", "lifeStage": "adult", "behavior": "running"}),
        ("e1", {"species": "Lepus", "sex": "male", "lifeStage": None, "behavior": None}),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "species"),
    [
        ("animal", "Lepus", "Lepus"),
        ("animal", "", "animal"),
        ("human", "Homo sapiens", "Homo sapiens"),
        ("human", "", "human"),
        ("vehicle", "", "vehicle"),
        ("blank", "Lepus", "empty"),
        ("unknown", "Lepus", None),
        ("unclassified", "", None),
    ],
)
def test_species_is_scientific_name_or_type(
    package: Callable[..., Path], kind: str, name: str, species: str | None
) -> None:
    found = seen(read(package([photo("a")], [of_event(1, name, observationType=kind)])))
    assert found == [("e1", {"species": species})]


def test_media_based_animal_replaces_empty_and_unknown(
    package: Callable[..., Path],
) -> None:
    kinds = ("unknown", "blank", "animal")
    rows = [
        of_photo(i, kind, "", eventID="e1", observationType=kind) for i, kind in enumerate(kinds)
    ]
    photos = [photo(kind) for kind in kinds]
    assert seen(read(package(photos, rows))) == [("e1", {"species": "animal"})]
    assert seen(read(package(photos, rows[:2]))) == [("e1", {"species": "empty"})]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            {"filePath": "file:///home/x/a.jpg"},
            "is a file of another computer: give its folder, --image-root",
        ),
        (
            {"filePath": "reference://a.jpg"},
            "URLs of the scheme 'reference' are not opened",
        ),
        ({"fileMediatype": "video/mp4"}, "is of the kind 'video', not an image"),
        ({"deploymentID": "d9"}, "its deploymentID is not there"),
        ({"timestamp": "1 May"}, "its timestamp is no ISO 8601 time"),
        ({"filePath": "NA"}, "it has no filePath"),
        ({"mediaID": ""}, "it has no mediaID"),
    ],
)
def test_unusable_photos_are_left_out(
    package: Callable[..., Path], cells: Cells, reason: str
) -> None:
    found = read(package([photo("a", **cells), photo("b")], [of_photo(1, "b", "Lepus")]))
    assert found[0] == LeftOut("media.csv line 2", reason)
    assert seen(found) == [("b", {"species": "Lepus"})]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (of_photo(2, "x", "Lepus"), "its mediaID is not that of a usable photo"),
        (of_photo(2, "", "Lepus"), "it has no mediaID"),
        (of_event(2, "Lepus", deploymentID="d9"), "its deploymentID is not there"),
        (of_event(2, "Lepus", eventStart="May"), "its eventStart or eventEnd is no ISO 8601 time"),
        (of_event(2, "Lepus", eventEnd=""), "no photo names its event"),
        (of_event(2, "Lepus", eventEnd="", eventID=""), "it has no eventStart or eventEnd, and no"),
        (
            of_event(2, "Lepus", observationLevel="sequence"),
            "its observationLevel 'sequence' is neither",
        ),
        (
            of_event(2, "Lepus", observationType="bird"),
            "its observationType 'bird' is none of Camtrap DP's",
        ),
        (of_event(2, "Lepus", count="some"), "its count 'some' is not a whole number"),
        (
            of_event(
                2, "Lepus", eventStart="2020-06-01T10:00:00Z", eventEnd="2020-06-01T10:00:00Z"
            ),
            "has no photo",
        ),
    ],
)
def test_unusable_observations_are_left_out(
    package: Callable[..., Path], cells: Cells, reason: str
) -> None:
    found = read(package([photo("b", 20)], [of_photo(1, "b", "Martes"), cells]))
    (left_out,) = (entry for entry in found if isinstance(entry, LeftOut))
    assert left_out.where == "observations.csv line 3"
    assert reason in left_out.reason
    assert seen(found) == [("b", {"species": "Martes"})]


def test_event_of_two_deployments_keeps_first(package: Callable[..., Path]) -> None:
    deployments = [DEPLOYMENT, {**DEPLOYMENT, "deploymentID": "d2"}]
    rows = [of_event(1, "Lepus"), of_event(2, "Martes", deploymentID="d2")]
    found = read(package([photo("a")], rows, deployments))
    assert found[0] == LeftOut("observations.csv line 3", "its event is of another deployment")
    assert seen(found) == [("e1", {"species": "Lepus"})]


@pytest.mark.parametrize(
    ("table", "media", "rows", "deployments"),
    [
        (
            "deployments",
            [photo("a")],
            [of_event(1, "Lepus")],
            [DEPLOYMENT, {**DEPLOYMENT, "latitude": "0"}],
        ),
        ("media", [photo("a"), photo("a", filePath="b.jpg")], [of_event(1, "Lepus")], [DEPLOYMENT]),
        ("observations", [photo("a")], [of_event(1, "Lepus"), of_event(1, "Martes")], [DEPLOYMENT]),
    ],
)
def test_duplicate_id_with_other_content_is_error_or_keeps_first(
    package: Callable[..., Path],
    table: str,
    media: list[Cells],
    rows: list[Cells],
    deployments: list[Cells],
) -> None:
    source = package(media, rows, deployments)
    with pytest.raises(
        InputError, match=rf"{table}.csv line 3 has the id of an earlier .*--duplicates first"
    ):
        read(source)
    found = read(source, "first")
    assert isinstance(found[0], LeftOut)
    assert found[1:] == [Observation("e1", ("media/a.jpg",), {"species": "Lepus"}, META)]


def test_duplicate_rows_are_counted(package: Callable[..., Path]) -> None:
    rows = [of_event(1, "Lepus", count="2")] * 2
    found = read(package([photo("a")] * 2, rows, [DEPLOYMENT] * 2))
    whats = ("deployment", "photo", "observation")
    assert [entry.reason for entry in found[:3] if isinstance(entry, LeftOut)] == [
        f"the same {w} again" for w in whats
    ]
    assert seen(found) == [("e1", {"species": "Lepus", "count": "2"})]


def test_location_falls_back_to_name_and_deployment(package: Callable[..., Path]) -> None:
    deployments = [
        {
            **DEPLOYMENT,
            "locationID": "",
            "locationName": "The creek",
            "latitude": "NA",
            "longitude": "",
        },
        {**DEPLOYMENT, "locationID": "", "deploymentID": "d2"},
    ]
    photos = [photo("a"), photo("b", deploymentID="d2")]
    found = read(
        package(photos, [of_photo(1, "a", "Lepus"), of_photo(2, "b", "Lepus")], deployments)
    )
    metas = [entry.meta for entry in found if isinstance(entry, Observation)]
    assert [meta["location"] for meta in metas] == ["The creek", "d2"]
    assert (metas[0]["latitude"], metas[0]["longitude"]) == (None, None)


@pytest.mark.parametrize("latitude", ["north", "91", "inf", "nan°"])
def test_invalid_coordinates_are_missing(
    package: Callable[..., Path], caplog: pytest.LogCaptureFixture, latitude: str
) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")], [{**DEPLOYMENT, "latitude": latitude}])
    (event,) = read(source)
    assert isinstance(event, Observation)
    assert (event.meta["latitude"], event.meta["longitude"]) == (None, -4.0)
    told = f"1 coordinate is no degrees, and left out (first: deployments.csv line 2, '{latitude}')"
    assert told in caplog.text


@pytest.mark.parametrize("latitude", ["51,496", "51.496°", " 51.496 ° "])
def test_coordinates_may_have_a_decimal_comma_or_a_sign_of_degrees(
    package: Callable[..., Path], latitude: str
) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")], [{**DEPLOYMENT, "latitude": latitude}])
    (event,) = read(source)
    assert isinstance(event, Observation)
    assert event.meta["latitude"] == 51.496


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in REQUIRED for column in REQUIRED[table]]
)
def test_missing_required_column_is_named(
    package: Callable[..., Path], table: str, column: str
) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")])
    path = source / f"{table}.csv"
    path.write_text(path.read_text().replace(column, "x", 1))
    with pytest.raises(
        InputError, match=rf"{table}.csv' has no column '{column}', which Camtrap DP requires"
    ):
        read(source)


@pytest.mark.parametrize("table", REQUIRED)
def test_columns_are_those_of_the_standard(shared: Path, table: str) -> None:
    schema = json.loads(
        (shared / "standards" / "camtrap-dp-1.0.2" / f"{table}-table-schema.json").read_text()
    )
    required = {field["name"] for field in schema["fields"] if field["constraints"]["required"]}
    assert set(REQUIRED[table]) <= required
    beyond = {
        "deployments": {"deploymentStart", "deploymentEnd"},  # only summaries need them
        "media": {"eventID", "filePublic"},  # of newer versions, and one that older ones lack
    }.get(table, set())
    assert set(OPTIONAL[table]) - beyond <= {field["name"] for field in schema["fields"]} - required


@pytest.mark.parametrize("table", REQUIRED)
def test_fixture_packages_have_required_columns(
    shared: Path, package: Callable[..., Path], table: str
) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")])
    schema = json.loads(
        (shared / "standards" / "camtrap-dp-1.0.2" / f"{table}-table-schema.json").read_text()
    )
    required = {field["name"] for field in schema["fields"] if field["constraints"]["required"]}
    with (source / f"{table}.csv").open() as file:
        assert required <= set(next(csv.reader(file)))


def test_table_may_be_several_gzipped_files(package: Callable[..., Path]) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")])
    (source / "more.csv.gz").write_bytes(gzip.compress(text_of([photo("b", 1)]).encode()))
    files = {
        "deployments": "deployments.csv",
        "media": ["media.csv", "more.csv.gz"],
        "observations": "observations.csv",
    }
    (source / "datapackage.json").write_text(json.dumps(descriptor(**files)))
    (event,) = read(source / "datapackage.json")
    assert isinstance(event, Observation)
    assert event.images == ("media/a.jpg", "media/b.jpg")


FILES = {"deployments": "deployments.csv", "media": "media.csv", "observations": "observations.csv"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "has no 'resources'"),
        ({"resources": {}}, "'resources' must be a list"),
        ({"resources": [{"path": "media.csv"}]}, r"resources\[0\] has no 'name'"),
        ({"resources": [{"name": "media"}]}, r"resources\[0\] has no 'path'"),
        (descriptor(deployments="deployments.csv"), "has no resource called 'media'"),
        (
            descriptor(**{**FILES, "media": "nowhere.csv"}),
            r"resources\[1\]: 'nowhere.csv' does not exist",
        ),
        (
            descriptor(**{**FILES, "media": ["media.csv", 3]}),
            r"resources\[1\]: 'path' must be text",
        ),
        (descriptor(**{**FILES, "media": "../media.csv"}), "is outside the package"),
        (
            descriptor(**{**FILES, "media": "sftp://example.org/media.csv"}),
            "is no web address",
        ),
        (
            {**descriptor(**FILES), "profile": "https://x.org/camtrap-dp/0.1.6/p.json"},
            "is Camtrap DP 0.1.6, ctc reads 1.x",
        ),
    ],
)
def test_open_package_rejects_invalid_descriptor(
    package: Callable[..., Path], data: Any, message: str
) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")])
    (source / "datapackage.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=message):
        read(source)


def test_package_rows_reject_damaged_gzip(package: Callable[..., Path]) -> None:
    source = package([photo("a")], [of_event(1, "Lepus")])
    (source / "media.csv.gz").write_bytes(gzip.compress(b"mediaID")[:-4])
    (source / "datapackage.json").write_text(
        json.dumps(descriptor(**{**FILES, "media": "media.csv.gz"}))
    )
    with pytest.raises(InputError, match=r"media\.csv\.gz' can't be decompressed"):
        read(source)


def test_open_package_rejects_folder_without_descriptor(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"datapackage\.json' does not exist"):
        read(tmp_path)


def test_camtrap_dp_package_to_inventory(
    package: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    source = package([photo("a"), photo("b", 20)], [of_event(1, "Lepus", count="2")])
    (source / "media").mkdir()
    (source / "media" / "a.jpg").write_bytes(encode_jpeg(np.zeros((40, 50, 3), np.uint8), 90))
    arguments = [
        "inventory",
        "camtrap-dp",
        str(source),
        "--output",
        str(source / "inventory.parquet"),
    ]
    assert run_command(lambda: ctc.main(arguments, prog_name="ctc", standalone_mode=False)) == 0
    inventory = Inventory.read(source / "inventory.parquet")
    assert (inventory.labels, inventory.image_root) == (("species", "count"), source)
    assert inventory.table.to_pylist() == [
        {"event_id": "e1", "images": ["media/a.jpg"], "species": "Lepus", "count": "2", **META}
    ]
    assert "no observation (first: media/b.jpg)" in capsys.readouterr().err
