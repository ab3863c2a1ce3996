"""Labels that may have several classes at once, from predictions to metrics."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.cli.main import run
from ctc.errors import InputError
from ctc.evaluation.answers.ground_truth import join_ground_truth
from ctc.evaluation.answers.prediction_file import read_predictions
from ctc.evaluation.answers.score_split import score_split
from ctc.evaluation.calibration.calibrate import fit_labels
from ctc.evaluation.config import CalibrateConfig, ScoringConfig
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate
from ctc.images import encode_jpeg
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins

CLASSES = ("empty", "fox", "wolf")
INFO = ModelInfo({"species": CLASSES}, Preprocessing(16, 24), multi_label=("species",))
SEEN = [("fox",), ("wolf",), ("fox", "wolf"), ("fox", "bear"), ()]
PROBABILITIES = [
    (0.1, 0.9, 0.1),
    (0.1, 0.6, 0.7),
    (0.0, 0.8, 0.9),
    (0.2, 0.4, 0.3),
    (0.9, 0.9, 0.9),
]


def mean_of_photos(photos: Sequence[Any], classes: Any) -> Any:
    return {
        label: np.mean([photo.probabilities[label] for photo in photos], axis=0)
        for label in classes
    }


@pytest.fixture
def dataset(dataset_of):
    """An event for each of SEEN; the grey level of its photo encodes its number."""
    classes = ("bear", "fox", "wolf")
    events = []
    for number, seen in enumerate(SEEN):
        jpeg = encode_jpeg(np.full((16, 24, 3), 40 * number, np.uint8), 95)
        labels = {"species": tuple(map(classes.index, seen)) or (-1,)}
        events.append(
            EventRecord(f"e{number}", (jpeg,), ((16, 24),), labels, (f"{number}.jpg",), {})
        )
    return dataset_of({"test": events}, {"species": classes})


@pytest.fixture
def scored(dataset):
    def predict(images):
        numbers = np.rint(images.mean(axis=(1, 2, 3)) / 40).astype(int)
        return {"species": np.array(PROBABILITIES, np.float32)[numbers]}

    return score_split(predict, INFO, dataset, "test", ScoringConfig(), lambda _: None)


def test_multi_label_metrics_by_hand(scored) -> None:
    found = evaluate(scored.data, EvaluationContext(), scored.notes).multi_label["species"]
    scores = found.units["event"]
    assert (scores.n, scores.missing, found.foreign) == (4, 1, {"bear": 1})
    assert (scores.top_1.value, scores.exact.value) == (1.0, 0.5)
    _, fox, wolf = scores.classes
    assert (fox.support, fox.predicted, fox.precision.value, fox.recall.value) == (
        3,
        3,
        2 / 3,
        2 / 3,
    )
    assert (wolf.support, wolf.predicted, wolf.precision.value, wolf.recall.value) == (
        2,
        2,
        1.0,
        1.0,
    )
    assert fox.average_precision.value == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert scores.macro.recall.value == pytest.approx((2 / 3 + 1) / 2)


def test_multi_label_metrics_use_thresholds_of_the_model(scored) -> None:
    thresholds = {"species": {"fox": 0.35, "wolf": None}}
    _, fox, wolf = (
        evaluate(scored.data, EvaluationContext(thresholds=thresholds))
        .multi_label["species"]
        .units["event"]
        .classes
    )
    assert (fox.predicted, wolf.predicted) == (4, 0)


def test_score_split_has_no_note_on_observations_if_all_count(scored) -> None:
    assert scored.notes == ()


def test_fit_labels_rejects_multi_label(scored) -> None:
    with pytest.raises(
        InputError,
        match=r"^label 'species' is not calibrated: it may have several classes at once$",
    ):
        fit_labels(scored.data, CalibrateConfig())


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    present = {"species": '["fox"]', "count": ""}
    rows = [
        {
            "id": f"e{number}",
            "label": label,
            "predictions_all": '{"fox": 0.9, "wolf": 0.2}',
            "predictions_present": names,
        }
        for number in range(3)
        for label, names in present.items()
    ]
    with (tmp_path / "p.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return tmp_path / "p.csv"


def test_read_predictions_finds_multi_label_labels(predictions) -> None:
    assert list(
        read_predictions(predictions, "location", lambda _: mean_of_photos).multi_label
    ) == ["species"]


@pytest.fixture
def truth(tmp_path: Path) -> Inventory:
    """An observation for each class of SEEN, and for the event without one."""
    rows = [
        {"event_id": f"e{number}", "images": [f"{number}.jpg"], "species": name}
        for number, seen in enumerate(SEEN)
        for name in seen or (None,)
    ]
    return Inventory(pa.Table.from_pylist(rows), ("species",), tmp_path)


def write_predictions(
    path: Path, thresholds: dict[str, tuple[float | None, ...]], **given: Any
) -> Path:
    """Write PROBABILITIES as `ctc predict` does."""
    classes = {"species": CLASSES}

    def entries():
        for number, values in enumerate(PROBABILITIES):
            probabilities = {"species": np.array(values, np.float32)}
            photo = ImagePrediction(f"{number}.jpg", probabilities)
            yield EventPrediction(
                f"e{number}", classes, probabilities, (photo,), {}, thresholds, ("species",)
            )

    output = plugins().all(OutputFormat)[path.suffix[1:]]
    options = {option.key: given.get(option.key, option.default) for option in output.options}
    context = OutputContext("m.onnx", classes, datetime.now(UTC), path.parent, options)
    output.write(entries(), path, context)
    return path


@pytest.mark.parametrize("name", ["p.csv", "p.json", "p.parquet", "photos.csv", "photos.parquet"])
@pytest.mark.parametrize("lowest", [None, (0.5, 0.35, None)])
def test_prediction_file_has_the_same_multi_label_metrics_as_the_model(
    scored, truth, tmp_path, name, lowest
) -> None:
    thresholds = {"species": dict(zip(CLASSES, lowest, strict=True))} if lowest else {}
    expected = evaluate(scored.data, EvaluationContext(thresholds=thresholds)).multi_label[
        "species"
    ]
    given = {"species": lowest} if lowest else {}
    path = write_predictions(tmp_path / name, given, per_photo=name.startswith("photos"))
    joined = join_ground_truth(
        read_predictions(path, "location", lambda _: mean_of_photos),
        truth,
        "location",
        mean_of_photos,
    )
    found = evaluate(
        joined.data, EvaluationContext(thresholds=joined.data.presence_thresholds)
    ).multi_label["species"]
    assert found.foreign == expected.foreign == {"bear": 1}
    assert repr(found.units["event"]) == repr(expected.units["event"])
    assert joined.notes == ()


def test_read_predictions_passes_multi_label_to_the_aggregator_factory(tmp_path) -> None:
    path = write_predictions(tmp_path / "photos.csv", {}, per_photo=True)
    multi_label_names = []
    read_predictions(
        path,
        "location",
        lambda multi_label: multi_label_names.extend(multi_label) or mean_of_photos,
    )
    assert multi_label_names == ["species"]


def test_join_ground_truth_uses_all_observations_for_multi_label_only(
    predictions, tmp_path
) -> None:
    rows = [
        {"event_id": "e0", "images": ["a.jpg"], "species": name, "count": name}
        for name in ("fox", "wolf")
    ]
    truth = Inventory(pa.Table.from_pylist(rows), ("species", "count"), tmp_path)
    joined = join_ground_truth(
        read_predictions(predictions, "location", lambda _: mean_of_photos),
        truth,
        "location",
        mean_of_photos,
    )
    assert joined.data.multi_label["species"].tolist() == [[1, 1], [-1, -1], [-1, -1]]
    assert joined.data.truth["count"].tolist() == [0, -1, -1]
    assert (
        joined.notes[-1] == "1 further observation of an event is not counted for count: the first"
        " observation counts"
    )


def test_read_predictions_names_line_of_invalid_present_classes(tmp_path) -> None:
    text = 'id,label,predictions_all,predictions_present\na,species,"{""fox"": 0.9}",fox\n'
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(
        InputError, match="line 2 has no JSON list of classes in its column 'predictions_present'"
    ):
        read_predictions(tmp_path / "p.csv", "location", lambda _: mean_of_photos)


def test_evaluate_command_reports_multi_label_predictions_per_event(tmp_path) -> None:
    cell = '"{""fox"": 0.9, ""wolf"": 0.7}","[""fox"", ""wolf""]"'
    rows = [f"{event},species,{cell}" for event in ("a", "b")]
    header = "id,label,predictions_all,predictions_present"
    (tmp_path / "p.csv").write_text("\n".join([header, *rows]))
    columns = {"event_id": ["a", "b"], "images": [["a.jpg"], ["b.jpg"]], "species": ["fox", "wolf"]}
    Inventory(pa.table(columns), ("species",), tmp_path).write(tmp_path / "i.parquet")
    arguments = [tmp_path / "p.csv", "--truth", tmp_path / "i.parquet", "--output", tmp_path / "e"]
    assert run(["evaluate", *map(str, arguments)]) == 0
    page = (tmp_path / "e" / "report.html").read_text(encoding="utf-8")
    assert "Per event, species" in page
    assert "The same per photo" not in page


def test_evaluate_command_writes_multi_label_metrics_and_report(
    build_model, dataset, tmp_path, capsys
) -> None:
    model = build_model(multi_label=("species",))
    output = tmp_path / "evaluation"
    assert run(["evaluate", str(model), str(dataset.folder), "--output", str(output)]) == 0
    figures = json.loads((output / "metrics.json").read_text())["multi_label"]["species"]["units"][
        "event"
    ]
    assert (figures["n"], [one["name"] for one in figures["classes"]]) == (4, list(CLASSES))
    with (output / "metrics.csv").open(newline="") as file:
        assert [
            (row["class"], row["support"]) for row in csv.DictReader(file) if row["unit"] == "event"
        ] == [
            ("empty", "0"),
            ("fox", "3"),
            ("wolf", "2"),
        ]
    assert "An event may show several classes at once" in (output / "report.html").read_text(
        encoding="utf-8"
    )
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["species", "event", "4"]
