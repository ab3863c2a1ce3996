"""A model with a multi-label label: fox 0.5 and wolf 0.5 for a purple photo, fox 0.73 and wolf 0.27
for a red one."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import ctc
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.cli.main import run
from ctc.errors import InputError
from ctc.inference.pipeline.aggregation import aggregate
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins

LABELS = {"species": ("deer", "fox", "wolf"), "sex": ("f", "m")}
RED, PURPLE = (255, 0, 0), (255, 0, 255)


@pytest.fixture
def multi_label_model(build_model) -> Path:
    return build_model(multi_label=("species",))


@pytest.fixture
def photos(draw, tmp_path) -> Path:
    """A folder of six photos, red and purple in turns."""
    for number in range(6):
        draw(f"photos/{number}.png", (RED, PURPLE)[number % 2])
    return tmp_path / "photos"


def info(**changes) -> ModelInfo:
    return ModelInfo(LABELS, Preprocessing(8, 8), multi_label=("species",), **changes)


def present(postprocessor: Postprocessor) -> list[str]:
    outputs = {
        "species": np.array([[0.6, 0.45, 0.2]], np.float32),
        "sex": np.array([[0.4, 0.6]], np.float32),
    }
    values = {label: rows[0] for label, rows in postprocessor.apply(outputs).items()}
    event = EventPrediction.from_schema(postprocessor.schema, "1", values, (), {})
    return [name for name, _ in event.present_classes("species")]


def predict(*arguments: object) -> list[dict[str, str]]:
    """The rows of the CSV that is the last argument."""
    assert run(["predict", *map(str, arguments[:-1]), "--output", str(arguments[-1])]) == 0
    with Path(str(arguments[-1])).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_model_info_keeps_multi_label_labels() -> None:
    assert ModelInfo.from_metadata(info().to_metadata()).multi_label == ("species",)


def test_model_info_without_multi_label_has_none() -> None:
    metadata = info().to_metadata()
    del metadata["multi_label"]
    assert ModelInfo.from_metadata(metadata).multi_label == ()


def test_model_info_refuses_unknown_multi_label_label() -> None:
    metadata = info().to_metadata() | {"multi_label": '["breed"]'}
    with pytest.raises(InputError, match="has an unknown label in 'multi_label'"):
        ModelInfo.from_metadata(metadata)


@pytest.mark.parametrize(
    ("threshold", "own", "expected"),
    [
        (None, {}, ["deer"]),
        (0.4, {}, ["deer", "fox"]),
        (0.0, {}, ["deer", "fox", "wolf"]),
        (None, {"species": {"deer": 0.7, "wolf": 0.1}}, ["wolf"]),
        (0.4, {"species": {"deer": 0.7}}, ["deer", "fox"]),
    ],
)
def test_postprocessor_thresholds_decide_which_classes_are_present(
    threshold, own, expected
) -> None:
    assert present(make_postprocessor(info(thresholds=own), threshold)) == expected


def test_postprocessor_class_list_does_not_normalize_multi_label(tmp_path) -> None:
    (tmp_path / "classes.txt").write_text("fox\nwolf\n")
    postprocessor = make_postprocessor(info(), class_list=tmp_path / "classes.txt")
    outputs = {
        "species": np.array([[0.6, 0.45, 0.2]], np.float32),
        "sex": np.array([[0.4, 0.6]], np.float32),
    }
    assert postprocessor.apply(outputs)["species"].tolist() == [pytest.approx([0.45, 0.2])]
    assert (
        postprocessor.notes[0] == "'species' is restricted to 2 of its 3 classes; left out: 'deer'"
    )


@pytest.mark.parametrize(
    ("threshold", "notes"),
    [
        (
            None,
            [
                (
                    "'species' may have several classes at once: those are there whose probability"
                    " reaches 0.5"
                )
            ],
        ),
        (
            0.8,
            [
                "answers below 0.8 are 'unknown'",
                (
                    "'species' may have several classes at once: those are there whose probability"
                    " reaches 0.8"
                ),
            ],
        ),
    ],
)
def test_postprocessor_notes_name_presence_threshold(threshold, notes) -> None:
    assert list(make_postprocessor(info(), threshold).notes) == notes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", [0.7, 0.55, 0.1]),
        ("max", [0.8, 0.6, 0.2]),
        ("min", [0.6, 0.5, 0.0]),
        ("vote", [1.0, 0.5, 0.0]),
        ("product", [0.48**0.5 / (0.48**0.5 + 0.08**0.5), 0.3**0.5 / (0.3**0.5 + 0.2**0.5), 0.0]),
    ],
)
def test_aggregate_combines_each_multi_label_class_separately(name, expected) -> None:
    photos = [
        ImagePrediction("", {"species": np.array(values, np.float32)})
        for values in ([0.6, 0.6, 0.0], [0.8, 0.5, 0.2])
    ]
    classes = {"species": ("deer", "fox", "boar")}
    found = aggregate(plugins().get(Aggregation, name), photos, classes, ("species",))
    assert found["species"].tolist() == pytest.approx(expected, abs=1e-6)


def test_aggregate_by_class_gives_the_same_result() -> None:
    photos = [
        ImagePrediction("", {"species": np.random.default_rng(seed).random(4).astype(np.float32)})
        for seed in range(5)
    ]
    classes = {"species": ("deer", "fox", "boar", "lynx")}
    for aggregation in plugins().all(Aggregation).values():
        if aggregation.by_class:
            slow = Aggregation(aggregation.name, "", aggregation.combine)
            found, expected = (
                aggregate(one, photos, classes, ("species",)) for one in (aggregation, slow)
            )
            np.testing.assert_allclose(found["species"], expected["species"], atol=1e-7)


def test_predict_csv_lists_present_classes(multi_label_model, photos, tmp_path) -> None:
    rows = predict(multi_label_model, photos, tmp_path / "p.csv")
    assert [
        (row["label"], row["prediction_top"], row["predictions_present"]) for row in rows[:4]
    ] == [
        ("species", "fox", '["fox"]'),
        ("count", "1", ""),
        ("species", "fox", '["fox", "wolf"]'),
        ("count", "1", ""),
    ]
    assert json.loads(rows[0]["predictions_all"]) == pytest.approx(
        {"fox": 0.7311, "wolf": 0.2689}, abs=1e-4
    )


def test_predict_csv_of_other_models_has_no_present_column(model, photos, tmp_path) -> None:
    assert "predictions_present" not in predict(model, photos, tmp_path / "p.csv")[0]


def test_merge_of_multi_label_parts_equals_one_run(multi_label_model, photos, tmp_path) -> None:
    predict(multi_label_model, photos, "--threshold", 0.4, tmp_path / "whole.csv")
    parts = []
    for number in (1, 2):
        arguments = [
            multi_label_model,
            photos,
            "--threshold",
            0.4,
            "--shard",
            f"{number}/2",
            "--output",
            tmp_path / "p.csv",
        ]
        assert run(["predict", *map(str, arguments)]) == 0
        parts.append(str(tmp_path / f"p.csv.part-{number}-of-2"))
    assert run(["merge", *parts, "--output", str(tmp_path / "p.csv")]) == 0
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_classifier_events_have_present_classes(multi_label_model, draw) -> None:
    (event,) = ctc.load_model(multi_label_model).predict([draw("a.png", PURPLE)]).events
    assert event.present_classes("species") == [
        ("fox", pytest.approx(0.5)),
        ("wolf", pytest.approx(0.5)),
    ]
