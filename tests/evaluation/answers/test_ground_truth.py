"""Ground truth joined to predictions by event id."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.ground_truth import join_ground_truth
from ctc.evaluation.answers.prediction_file import read_predictions
from ctc.evaluation.answers.predictions import FOREIGN
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins

CLASSES = {"species": ("fox", "wolf"), "count": ("1", "2+", "many")}


def mean(photos):
    return {label: np.mean([photo[label] for photo in photos], axis=0) for label in photos[0]}


def mean_of_photos(photos, _classes):
    return mean([photo.probabilities for photo in photos])


def entries():
    for number, (event_id, share) in enumerate((("a", 0.75), ("b", 0.25), ("c", 0.5))):
        first = {
            "species": np.array([share, 1 - share], np.float32),
            "count": np.array([0.5, 0.25, 0.25], np.float32),
        }
        second = {"species": np.array([0.5, 0.5], np.float32), "count": first["count"]}
        photos = (
            ImagePrediction(f"{event_id}/1.jpg", first),
            ImagePrediction(f"{event_id}/2.jpg", second),
        )[: 1 + number % 2]
        meta = {
            "location": f"camera {number % 2}",
            "datetime": f"2024-03-01T{8 * number:02d}:00:00",
        }
        yield EventPrediction(
            event_id,
            CLASSES,
            mean([photo.probabilities for photo in photos]),
            photos,
            meta,
        )


def write_predictions(path: Path, **options: object) -> Path:
    name = path.suffix[1:]
    output = plugins().all(OutputFormat)[name]
    given = {option.key: options.get(option.key, option.default) for option in output.options}
    output.write(
        entries(), path, OutputContext("m.onnx", CLASSES, datetime.now(UTC), path.parent, given)
    )
    return path


def inventory(**columns: list[object]) -> Inventory:
    known = {
        "event_id": ["a", "b", "c"],
        "images": [["x/1.jpg"], ["x/2.jpg", "x/3.jpg"], ["x/4.jpg"]],
        "species": ["fox", "wolf", None],
    }
    return Inventory(pa.table(known | columns), ("species",), Path("/photos"))


def test_join_ground_truth_by_event_id(tmp_path: Path) -> None:
    table = inventory(location=["north", None, "south"], night=["day", "night", None])
    joined = join_ground_truth(
        read_predictions(
            write_predictions(tmp_path / "p.csv"), "location", lambda _: mean_of_photos
        ),
        table,
        "location",
        mean_of_photos,
    )
    data = joined.data
    assert {label: truth.tolist() for label, truth in data.truth.items()} == {"species": [0, 1, -1]}
    assert [data.locations[number] for number in data.location] == [
        "north",
        "camera 1",
        "south",
    ]
    assert data.light.tolist() == [0, 1, 0]
    assert (data.photos_in_event.tolist(), data.events.paths[1]) == (
        [1, 2, 1],
        str(Path("/photos/x/2.jpg")),
    )
    assert joined.notes == ()


def test_join_ground_truth_notes_what_does_not_match(tmp_path: Path) -> None:
    table = inventory(event_id=["a", "a", "z"], species=["fox", "wolf", "lynx"])
    joined = join_ground_truth(
        read_predictions(
            write_predictions(tmp_path / "p.csv"), "location", lambda _: mean_of_photos
        ),
        table,
        "location",
        mean_of_photos,
    )
    assert joined.data.truth["species"].tolist() == [0, -1, -1]
    assert joined.notes == (
        "2 predicted events have no ground truth and are not counted, such as 'b', 'c'",
        "1 event of the ground truth has no prediction, such as 'z'",
        ("1 further observation of an event is not counted: the first observation counts"),
    )


def test_join_ground_truth_counts_foreign_classes(tmp_path: Path) -> None:
    table = inventory(species=["fox", "lynx", "lynx"])
    data = join_ground_truth(
        read_predictions(
            write_predictions(tmp_path / "p.csv"), "location", lambda _: mean_of_photos
        ),
        table,
        "location",
        mean_of_photos,
    ).data
    assert data.truth["species"].tolist() == [0, FOREIGN, FOREIGN]
    assert data.foreign == {"species": {"lynx": 2}}


def test_join_ground_truth_without_match_is_an_error_with_examples(tmp_path: Path) -> None:
    data = read_predictions(
        write_predictions(tmp_path / "p.csv"), "location", lambda _: mean_of_photos
    )
    with pytest.raises(
        InputError,
        match=r"none of the 3 predicted events is among the 3 events of the ground truth, nor"
        r" .* 'a', .* 'x', .*; predict the photos of the ground truth",
    ):
        join_ground_truth(data, inventory(event_id=["x", "y", "z"]), "location", mean_of_photos)
    with pytest.raises(
        UsageError,
        match="prediction file has the labels 'species', 'count', the truth the label 'sex': none",
    ):
        join_ground_truth(
            data,
            Inventory(
                inventory().table.rename_columns(["event_id", "images", "sex"]), ("sex",), Path()
            ),
            "location",
            mean_of_photos,
        )
