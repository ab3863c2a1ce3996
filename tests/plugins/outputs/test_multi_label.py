"""Several species at once, in every output format."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction

LABELS = {
    "species": ("zebra", "empty", "lion", "human"),
    "count": ("1", "2+"),
    "age": ("adult", "young"),
}


def event(
    name: str, *photos: tuple[float, ...], path: str = "{}.jpg", species=None
) -> EventPrediction:
    """Return an event with these probabilities of `species`, else the mean over its photos."""
    others = {"count": np.array([0.2, 0.8], np.float32), "age": np.array([0.9, 0.6], np.float32)}
    shown = tuple(
        ImagePrediction(path.format(number), {"species": np.array(values, np.float32), **others})
        for number, values in enumerate(photos)
    )
    values = {"species": np.array(species or np.mean(photos, axis=0), np.float32), **others}
    return EventPrediction(name, LABELS, values, shown, multi_label=("species", "age"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


HERD = event("herd", (0.9, 0.1, 0.7, 0.2), (0.5, 0.1, 0.2, 0.6))
DOUBT = event("doubt", (0.3, 0.4, 0.1, 0.1))


@pytest.mark.parametrize(
    ("per_photo", "expected"),
    [(False, ['["zebra"]']), (True, ['["zebra", "lion"]', '["human", "zebra"]'])],
)
def test_csv_lists_present_classes(write, per_photo, expected) -> None:
    found = rows(write("csv", [HERD], LABELS, per_photo=per_photo))
    assert [row["predictions_present"] for row in found if row["label"] == "species"] == expected
    assert {row["predictions_present"] for row in found if row["label"] == "count"} == {""}


def test_parquet_has_list_or_null_of_present_classes(write) -> None:
    found = pq.read_table(write("parquet", [HERD, DOUBT], LABELS))[
        "predictions_present"
    ].to_pylist()
    assert found == [["zebra"], None, ["adult", "young"], [], None, ["adult", "young"]]


def test_json_has_present_classes_per_label(write) -> None:
    found = json.loads(write("json", [HERD, DOUBT], LABELS).read_text(encoding="utf-8"))
    assert found["herd"]["predictions_present"] == {"species": ["zebra"], "age": ["adult", "young"]}
    assert found["doubt"]["predictions_top"] == {
        "species": "unknown",
        "count": "2+",
        "age": "adult",
    }


def test_folders_link_photo_in_each_present_class(write, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    for number in (0, 1):
        (tmp_path / "photos" / f"{number}.jpg").write_text("pixels")
    path = str(tmp_path / "photos" / "{}.jpg")
    both = event("1", (0.9, 0.1, 0.7, 0.2), path=path)
    nothing = event("2", (0, 0, 0, 0), (0.1, 0.1, 0.1, 0.1), path=path)
    folder = write("folders", [both, nothing], LABELS, tmp_path / "photos")
    found = sorted(str(link.relative_to(folder)) for link in folder.rglob("*.jpg"))
    assert found == ["lion/0.jpg", "unknown/0.jpg", "unknown/1.jpg", "zebra/0.jpg"]


def test_camtrap_dp_has_observation_per_class(write) -> None:
    package = write("camtrap-dp", [HERD], LABELS)
    columns = (
        "observationID",
        "mediaID",
        "observationLevel",
        "observationType",
        "scientificName",
        "classificationProbability",
    )
    assert [tuple(row[name] for name in columns) for row in rows(package / "observations.csv")] == [
        ("herd:event", "", "event", "animal", "zebra", "0.7"),
        ("herd:1", "herd:1", "media", "animal", "zebra", "0.9"),
        ("herd:1/2", "herd:1", "media", "animal", "lion", "0.7"),
        ("herd:2", "herd:2", "media", "human", "", "0.6"),
        ("herd:2/2", "herd:2", "media", "animal", "zebra", "0.5"),
    ]


def test_camtrap_dp_writes_classes_of_other_labels_as_tags(write) -> None:
    found = rows(write("camtrap-dp", [HERD], LABELS) / "observations.csv")
    assert found[0]["observationTags"] == "count:2+ | age:adult | age:young"


def test_camtrap_dp_skips_empty_class_if_others_present(write) -> None:
    found = rows(
        write("camtrap-dp", [event("1", (0.6, 0.9, 0, 0)), event("2", (0, 0.9, 0, 0))], LABELS)
        / "observations.csv"
    )
    assert [row["observationType"] for row in found if row["observationLevel"] == "event"] == [
        "animal",
        "blank",
    ]


def test_megadetector_has_detection_per_present_category(write) -> None:
    found = json.loads(write("megadetector", [HERD], LABELS).read_text())["images"]
    whole = [0.0, 0.0, 1.0, 1.0]
    assert [photo["detections"] for photo in found] == [
        [
            {
                "category": "1",
                "conf": 0.9,
                "bbox": whole,
                "classifications": [["0", 0.9], ["2", 0.7]],
            }
        ],
        [
            {"category": "2", "conf": 0.6, "bbox": whole, "classifications": [["3", 0.6]]},
            {"category": "1", "conf": 0.5, "bbox": whole, "classifications": [["0", 0.5]]},
        ],
    ]


def test_megadetector_without_present_class(
    write,
) -> None:
    empty = event("1", (0.2, 0.9, 0.1, 0.1))
    found = json.loads(write("megadetector", [empty, DOUBT], LABELS).read_text())["images"]
    assert found[0]["detections"] == []
    (doubt,) = found[1]["detections"]
    assert (doubt["category"], doubt["conf"]) == ("1", 0.3)
    assert doubt["classifications"] == [["0", 0.3], ["2", 0.1], ["3", 0.1]]
