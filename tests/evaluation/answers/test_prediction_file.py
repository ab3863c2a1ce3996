"""Reader of prediction files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.prediction_file import read_predictions
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


@pytest.mark.parametrize("name", ["p.csv", "p.json", "p.parquet"])
def test_read_predictions_reads_events_with_facts(tmp_path: Path, name: str) -> None:
    data = read_predictions(
        write_predictions(tmp_path / name), "location", lambda _: mean_of_photos
    )
    assert (data.event_ids, data.classes) == (("a", "b", "c"), CLASSES)
    assert data.events.probabilities["species"] == pytest.approx(
        np.array([[0.75, 0.25], [0.375, 0.625], [0.5, 0.5]]), abs=1e-4
    )
    assert (data.locations, data.location.tolist()) == (("camera 0", "camera 1"), [0, 1, 0])
    assert (data.timestamps[1], data.light.tolist()) == ("2024-03-01T08:00:00", [1, 0, 0])


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_read_predictions_aggregates_photos_to_events(tmp_path: Path, name: str) -> None:
    data = read_predictions(
        write_predictions(tmp_path / name, per_photo=True), "location", lambda _: mean_of_photos
    )
    assert data.photos.paths == ("a/1.jpg", "b/1.jpg", "b/2.jpg", "c/1.jpg")
    assert (data.photos.event.tolist(), data.photos_in_event.tolist()) == (
        [0, 1, 1, 2],
        [1, 2, 1],
    )
    assert data.events.probabilities["species"][1] == pytest.approx([0.375, 0.625], abs=1e-4)
    assert data.events.paths == ("a/1.jpg", "b/1.jpg", "c/1.jpg")


def test_read_predictions_reads_photos_and_events_of_json(tmp_path: Path) -> None:
    data = read_predictions(
        write_predictions(tmp_path / "p.json"), "location", lambda _: mean_of_photos
    )
    assert (len(data.photos), data.events.paths[1]) == (4, "b/1.jpg")
    assert data.photos.probabilities["count"].shape == (4, 3)


def test_read_predictions_ignores_order_of_rows_and_classes(tmp_path: Path) -> None:
    rows = [
        "id,label,predictions_all",
        'a,species,"{""fox"": 0.9, ""wolf"": 0.1}"',
        'b,species,"{""wolf"": 0.8, ""fox"": 0.2}"',
    ]
    (tmp_path / "p.csv").write_text(
        "\n".join([*rows, 'a,count,"{""1"": 1.0}"', 'b,count,"{""1"": 1.0}"'])
    )
    data = read_predictions(tmp_path / "p.csv", "location", lambda _: mean_of_photos)
    assert data.events.probabilities["species"].tolist() == pytest.approx(
        np.array([[0.9, 0.1], [0.2, 0.8]])
    )


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (
            "p.csv",
            "id,label\n1,x\n",
            "it is not a prediction file, it has no column 'predictions_all': make one with",
        ),
        ("p.csv", "id,label,predictions_all\n1,x,fox\n", "line 2 has no JSON object"),
        (
            "p.csv",
            "id,label,predictions_all\n1,x,[1]\n",
            "line 2, column 'predictions_all' is not an object",
        ),
        (
            "p.csv",
            'id,label,predictions_all\n1,x,"{""a"": 1}"\n2,x,"{""b"": 1}"\n',
            "event '2' has other classes of 'x'",
        ),
        (
            "p.csv",
            'id,label,predictions_all\n1,x,"{""a"": ""1""}"\n',
            "event '1' has a probability of 'x' that is not a number",
        ),
        (
            "p.csv",
            'id,label,predictions_all\n1,x,"{""a"": 1}"\n1,x,"{""a"": 1}"\n',
            "more than one prediction of label 'x'",
        ),
        (
            "p.csv",
            'id,label,predictions_all\n1,x,"{""a"": 1}"\n2,y,"{""a"": 1}"\n',
            "1 of 2 rows have no prediction of label",
        ),
        ("p.csv", "id,label,predictions_all\n", "there is no prediction"),
        ("p.json", '{\n"a": 1\n}\n', "event 'a' is not as `ctc predict` writes it"),
        ("p.json", "[\n1]", "line 1 is not an event as `ctc predict` writes it"),
        ("p.parquet", "no parquet", "can't be read as a Parquet file of predictions"),
    ],
)
def test_read_predictions_rejects_invalid_file(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_predictions(tmp_path / name, "location", lambda _: mean_of_photos)
    assert str(tmp_path / name) in str(caught.value)


def test_read_predictions_names_next_step_for_missing_or_unknown_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist: make one with `ctc predict`"):
        read_predictions(tmp_path / "p.csv", "location", lambda _: mean_of_photos)
    for name in ("p.txt", "p.megadetector.json"):
        with pytest.raises(
            UsageError, match=r"is not a prediction file with all probabilities .*: make one"
        ):
            read_predictions(tmp_path / name, "location", lambda _: mean_of_photos)
