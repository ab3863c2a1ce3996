from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_event_has_keys_of_version_2(write, predictions) -> None:
    assert read(write("json", predictions))["1"] == {
        "predictions_top": {"species": "cat", "standing": "1"},
        "confidences_top": {"species": 0.535, "standing": 0.5399},
        "aggregated_pred": {
            "species": {"cat": 0.535, "dog": 0.465},
            "standing": {"0": 0.4601, "1": 0.5399},
        },
        "images": [
            {
                "path": "a.jpg",
                "predictions": {
                    "species": {"cat": 0.6, "dog": 0.4},
                    "standing": {"0": 0.5, "1": 0.5},
                },
            },
            {
                "path": "b.jpg",
                "predictions": {
                    "species": {"cat": 0.47, "dog": 0.53},
                    "standing": {"0": 0.42, "1": 0.58},
                },
            },
        ],
        "meta_data": {"site": "N", "id": None},
    }


def test_names_are_escaped(write, predictions) -> None:
    odd = read(write("json", predictions))['2,"x"\n']
    assert odd["predictions_top"]["species"] == "🦊, fox"
    assert list(odd["aggregated_pred"]["species"]) == ['say "cat", or\nnot', "🦊, fox"]
    assert odd["images"][0]["path"] == "ü\udce9.jpg"


def test_photo_has_time_and_coordinates(write, dated) -> None:
    plain, known = read(write("json", [dated]))["1"]["images"]
    assert list(plain) == ["path", "predictions"]
    assert (known["datetime"], known["camera"]) == ("2016-09-25T18:35:10", "RECONYX HC500")
    assert (known["latitude"], known["longitude"]) == (-2.5, 34.75)


def test_write_without_predictions_gives_empty_object(write, failure) -> None:
    assert read(write("json", [failure])) == {}


def test_max_classes_keeps_most_likely_classes_of_event_and_photos(write, predictions) -> None:
    document = json.loads(write("json", predictions[:1], max_classes=1).read_text())
    assert document["1"]["aggregated_pred"] == {
        "species": {"cat": 0.535},
        "standing": {"1": 0.5399},
    }
    assert [photo["predictions"]["species"] for photo in document["1"]["images"]] == [
        {"cat": 0.6},
        {"dog": 0.53},
    ]
