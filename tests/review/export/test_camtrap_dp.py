import csv
import json
from dataclasses import replace

import pytest
from camtrap_dp_validity import problems
from review_events import keys_of, make_event, with_boxes

from ctc.artifacts.review.answer import Answer


def observations(path):
    with (path / "observations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def package(export):
    """A function that exports the store as Camtrap DP."""

    def write(**options):
        zone = {"time_zone": "+01:00"}
        path, _ = export("package", format="camtrap-dp", format_options=zone, **options)
        return path

    return write


def test_export_camtrap_dp_says_who_classified(package):
    first, second, *_ = observations(package(classifier="deer.onnx"))
    assert first["scientificName"] == "wolf"
    assert first["classificationMethod"] == "human"
    assert first["classifiedBy"] == "Ann | Bob"
    assert first["classificationTimestamp"] == "2025-06-15T15:06:40Z"
    assert first["classificationProbability"] == "1.0"
    assert first["count"] == "2"
    assert second["scientificName"] == "fox"
    assert second["classificationMethod"] == "machine"
    assert second["classifiedBy"] == "deer.onnx"
    assert second["classificationTimestamp"] == ""


def test_export_camtrap_dp_says_nothing_of_single_photos(package):
    found = observations(package())
    assert [(row["eventID"], row["observationLevel"]) for row in found] == [
        (name, "event") for name in "abcd"
    ]


def test_export_camtrap_dp_has_boxes_of_events_with_one_photo(package, store):
    store.replace_events([with_boxes(make_event("e", "e.jpg"))])
    lea = store.ensure_reviewer("Lea", "lead")
    store.answer(lea, list(keys_of(store).values()), Answer({"species": ("lynx",)}))
    event, box = observations(package())
    assert (event["observationLevel"], event["bboxX"]) == ("event", "")
    assert (box["observationLevel"], box["bboxX"], box["scientificName"]) == (
        "media",
        "0.25",
        "lynx",
    )
    assert box["classificationMethod"] == "human"


def test_export_camtrap_dp_names_the_people(package):
    path = package()
    document = json.loads((path / "datapackage.json").read_text())
    assert document["title"] == "Observations of 'species' by people and deer.csv"
    assert [one["title"] for one in document["contributors"]] == [
        "Machine observations by deer.csv",
        "Ann",
        "Bob",
    ]
    text = (path / "README.md").read_text()
    assert text.startswith("# Camera trap observations by people and a machine")
    assert "none was checked by a person" not in text


def test_export_camtrap_dp_calls_what_nobody_answered_unclassified(package, store):
    store.replace_events([replace(make_event("e"), predictions={})])
    (event,) = observations(package())
    found = {name: value for name, value in event.items() if value}
    assert (found["observationType"], "scientificName" in found) == ("unclassified", False)
    assert not {"classificationMethod", "classifiedBy", "classificationProbability"} & set(found)


def test_export_camtrap_dp_is_valid(export, store, shared, tmp_path):
    events = [
        replace(make_event(name), time=f"2025-06-01T12:0{at}:00") for at, name in enumerate("ab", 1)
    ]
    store.replace_events([*events, replace(with_boxes(make_event("e", "e.jpg")), predictions={})])
    sites = tmp_path / "sites.csv"
    sites.write_text(
        "deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd\n"
        "n25,north,48.5,11,2025-05-01,2025-06-30\n"
    )
    taxonomy = tmp_path / "taxonomy.csv"
    taxonomy.write_text("label,family,genus,species\nfox,Canidae,Vulpes,Vulpes vulpes\n")
    options = {"time_zone": "+01:00", "deployments": sites, "taxonomy": taxonomy}
    path, _ = export("package", format="camtrap-dp", format_options=options)
    assert problems(path, shared / "standards" / "camtrap-dp-1.0.2") == []
    assert {row["deploymentID"] for row in observations(path)} == {"n25"}
    note = "2 classes have no row in 'taxonomy.csv': 'wolf', 'lynx'"
    assert note in (path / "README.md").read_text()
