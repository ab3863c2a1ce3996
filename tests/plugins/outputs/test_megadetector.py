from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_clips import write_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.errors import UsageError

SPECIES = {"species": ("deer", "Blank", "fox", "person")}
WHOLE = [0, 0, 1, 1]


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def event(*photos: tuple[float, ...], labels=SPECIES) -> EventPrediction:
    images = tuple(
        ImagePrediction(f"{i}.jpg", {"species": np.array(values, np.float32)})
        for i, values in enumerate(photos)
    )
    return EventPrediction("e", labels, images[0].probabilities, images)


def test_write_gives_version_1_6(write, predictions, failure) -> None:
    found = read(write("megadetector", [predictions[0], failure]))
    assert found == {
        "info": {
            "format_version": "1.6",
            "detector": "none (whole photos)",
            "detection_completion_time": "2026-03-01 12:30:05",
            "classifier": "model.onnx",
            "classification_completion_time": "2026-03-01 12:30:05",
        },
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "classification_categories": {"0": "cat", "1": "dog"},
        "images": [
            {
                "file": "a.jpg",
                "detections": [
                    {
                        "category": "1",
                        "conf": 1.0,
                        "bbox": WHOLE,
                        "classifications": [["0", 0.6], ["1", 0.4]],
                    }
                ],
            },
            {
                "file": "b.jpg",
                "detections": [
                    {
                        "category": "1",
                        "conf": 1.0,
                        "bbox": WHOLE,
                        "classifications": [["1", 0.53], ["0", 0.47]],
                    }
                ],
            },
            {"file": "gone.jpg", "failure": "no such file or directory", "detections": None},
        ],
    }
    assert all(
        type(one["conf"]) is float for image in found["images"] for one in image["detections"] or []
    )


def test_empty_photo_has_no_detection(write) -> None:
    (image,) = read(write("megadetector", [event((0.1, 0.8, 0.05, 0.05))], SPECIES))["images"]
    assert image["detections"] == []


def test_confidence_is_probability_of_not_empty(write) -> None:
    (image,) = read(write("megadetector", [event((0.25, 0.3, 0.45, 0.00001))], SPECIES))["images"]
    (detection,) = image["detections"]
    assert (detection["category"], detection["conf"]) == ("1", 0.7)
    assert detection["classifications"] == [["2", 0.45], ["0", 0.25]]


def test_person_has_own_category(write) -> None:
    (image,) = read(write("megadetector", [event((0.1, 0.1, 0.1, 0.7))], SPECIES))["images"]
    assert image["detections"][0]["category"] == "2"


def test_first_class_is_not_named_as_a_category(write) -> None:
    labels = {"species": ("animal", "blank", "person")}
    found = read(write("megadetector", [event((0.9, 0.1, 0), labels=labels)], labels=labels))
    assert found["classification_categories"] == {"0": "blank", "1": "animal", "2": "person"}
    assert found["images"][0]["detections"][0]["classifications"] == [["1", 0.9]]


def test_label_option(write, predictions) -> None:
    found = read(write("megadetector", predictions[:1], label="standing"))
    assert found["classification_categories"] == {"0": "0", "1": "1"}


def test_label_option_suggests_closest(write) -> None:
    with pytest.raises(
        UsageError,
        match=r"model 'model\.onnx' has no label called 'spices': did you mean 'species'\?",
    ):
        write("megadetector", [], label="spices")


def test_paths_are_relative_with_forward_slashes(write, tmp_path) -> None:
    inside, outside = (
        str(tmp_path / "photos" / "north" / "a.jpg"),
        str(tmp_path / "photos2" / "b.jpg"),
    )
    found = read(
        write(
            "megadetector", [Failure(inside, "x"), Failure(outside, "x")], root=tmp_path / "photos"
        )
    )
    assert [image["file"] for image in found["images"]] == ["north/a.jpg", Path(outside).as_posix()]


def test_event_without_photos_has_no_entry(write, predictions) -> None:
    nothing = Failure("7", "the event names no photo", of_event=True)
    assert read(write("megadetector", [nothing]))["images"] == []


def test_datetime_has_exif_format(write, dated) -> None:
    first, second = read(write("megadetector", [dated]))["images"]
    assert "datetime" not in first
    assert second["datetime"] == "2016:09:25 18:35:10"


def test_datetime_of_a_clip_is_its_start(write, dated, tmp_path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    clip = [
        replace(dated.images[1], path=f"{path}#t={second}", taken=f"2016-09-25T18:35:1{second}")
        for second in (2, 3)
    ]
    (entry,) = read(write("megadetector", [replace(dated, images=tuple(clip))]))["images"]
    assert entry["datetime"] == "2016:09:25 18:35:10"


def test_names_are_escaped(write, predictions) -> None:
    labels = {"species": predictions[1].classes["species"]}
    found = read(write("megadetector", [replace(predictions[1], classes=labels)], labels))
    assert found["classification_categories"] == {"0": 'say "cat", or\nnot', "1": "🦊, fox"}
    assert found["images"][0]["file"] == "ü\udce9.jpg"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    names=st.lists(
        st.tuples(st.text(st.characters(exclude_characters="/\0."), min_size=1), st.booleans())
    )
)
def test_write_gives_entry_per_photo(write, predictions, names) -> None:
    image = predictions[0].images[0]
    entries = [
        Failure(name, "broken")
        if failed
        else replace(predictions[0], images=(replace(image, path=name),))
        for name, failed in names
    ]
    images = read(write("megadetector", entries))["images"]
    assert [(image["file"], "failure" in image) for image in images] == names


def test_notes_are_in_classifier_metadata(write, predictions) -> None:
    found = read(write("megadetector", predictions[:1], notes=("species: 2 of 3 classes",)))
    assert found["info"]["classifier_metadata"] == {"notes": ["species: 2 of 3 classes"]}
