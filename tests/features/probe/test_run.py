"""Tests of `ctc probe` from a feature network and a dataset to a model file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.cli.main import run
from ctc.errors import CtcError, UsageError
from ctc.features.probe import onnx_model
from ctc.features.probe.config import ProbeConfig
from ctc.features.probe.run import ProbeResult, probe
from ctc.features.probe.targets import class_weights_of
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import load_model
from ctc.testing.tiny_dataset import COUNTS, SPECIES, draw_photo, tiny_event

RUNTIME = RuntimeConfig(threads=2, batch_size=4)
COLORS = ((90, 60, 40), (190, 120, 60), (220, 70, 30))
PIXELS = np.stack(
    [cv2.resize(draw_photo(COLORS[seed % 3], 500 + seed), (24, 16)) for seed in range(9)]
)
"""Photos of boar, deer and fox, in turn."""


@pytest.fixture
def network(build_model: Callable[..., Path]) -> Path:
    """A model file with the labels species and count, and three features: the mean colour."""
    return build_model("features.onnx", features=True, size=(16, 24))


@pytest.fixture
def dataset(tiny_dataset: Callable[..., Dataset]) -> Dataset:
    return tiny_dataset({"train": 45, "val": 160, "test": 30}, shards=1)


def probed(
    network: Path, dataset: Dataset, output: Path, *labels: str, **options: Any
) -> ProbeResult:
    config = ProbeConfig(labels or ("species",), runtime=RUNTIME, **options)
    return probe(network, dataset.folder, output, config)


def test_probe_learns_from_features_and_writes_a_model(
    network: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = probed(network, dataset, tmp_path / "model.onnx", "species", "count")
    assert result.accuracies["test"]["species"].value > 0.9
    assert result.accuracies["test"]["species"].events == 30
    assert result.difference < 1e-5
    written = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(written, full_check=True)
    model = load_model(tmp_path / "model.onnx")
    assert model.info.labels == {"species": SPECIES, "count": COUNTS}
    features = model.run(PIXELS, ("features",))["features"]
    expected = result.heads.predict(features)
    answers = model.predict(PIXELS)
    for label, values in expected.items():
        np.testing.assert_allclose(answers[label], values, atol=1e-5)
        np.testing.assert_allclose(answers[label].sum(axis=1), 1, atol=1e-5)


def test_probe_keeps_what_is_known_of_the_network(
    network: Path, dataset: Dataset, tmp_path: Path
) -> None:
    made = onnx.load(network)
    entries = {entry.key: entry for entry in made.metadata_props}
    entries["licence"].value = json.dumps("Apache-2.0")
    entries["source"].value = json.dumps({"name": "colours"})
    onnx.save(made, network)
    probed(network, dataset, tmp_path / "model.onnx")
    info = load_model(tmp_path / "model.onnx").info
    assert (info.licence, info.source) == ("Apache-2.0", {"name": "colours"})
    assert info.provenance["dataset"] == dataset.fingerprint()
    assert len(info.provenance["probe"]["features_sha256"]) == 64
    assert info.feature_size == 3


def test_heads_that_the_network_had_are_gone(
    network: Path, dataset: Dataset, tmp_path: Path
) -> None:
    probed(network, dataset, tmp_path / "model.onnx", "count")
    written = onnx.load(tmp_path / "model.onnx")
    assert {one.name for one in written.graph.output} == {"features", "count"}
    assert not any("species_weights" in node.input for node in written.graph.node)


def test_multi_label_label_has_independent_classes(
    network: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = probed(network, dataset, tmp_path / "model.onnx", multi_label=("species",))
    model = load_model(tmp_path / "model.onnx")
    assert model.info.multi_label == ("species",)
    values = model.predict(PIXELS)["species"]
    assert np.abs(values.sum(axis=1) - 1).max() > 1e-3
    assert values.argmax(axis=1).tolist() == [0, 1, 2] * 3
    assert result.accuracies["test"]["species"].value > 0.9


def test_missing_labels_teach_nothing(
    network: Path, dataset_of: Callable[..., Dataset], tmp_path: Path
) -> None:
    """Events whose species is missing are as red as foxes: learnt, they would change the bias."""

    def without_species(event: EventRecord) -> EventRecord:
        return EventRecord(
            f"{event.event_id}x",
            event.jpegs,
            event.sizes,
            {**event.labels, "species": (-1,)},
            event.paths,
            event.meta,
        )

    events = {
        split: [tiny_event(f"{split}-{i}", i) for i in range(24)] for split in ("train", "val")
    }
    classes = {"species": SPECIES, "count": COUNTS}
    plain = dataset_of(events, classes, name="plain")
    more = {**events, "train": [*events["train"], *map(without_species, events["train"][2::3])]}
    mixed = dataset_of(more, classes, name="mixed")
    heads = [
        probed(network, one, tmp_path / f"{one.folder.name}.onnx").heads for one in (plain, mixed)
    ]
    features = load_model(network, needs="features").run(PIXELS, ("features",))["features"]
    first, second = (one.predict(features)["species"] for one in heads)
    # the standardisation sees all photos, the loss those with a species
    np.testing.assert_allclose(first, second, atol=0.05)


def test_without_a_validation_split_the_penalty_is_cross_validated(
    network: Path, tiny_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = tiny_dataset({"train": 30}, shards=1)
    result = probed(network, dataset, tmp_path / "model.onnx")
    assert result.accuracies == {}
    assert np.isfinite(result.heads.labels["species"].loss)
    assert result.notes == ("no strangers were fitted: the dataset has no split 'val'",)


def test_class_weights_are_those_of_training(
    network: Path, dataset_of: Callable[..., Dataset], tmp_path: Path
) -> None:
    numbers = [i for i in range(60) if i % 3 == 0 or i in (1, 4)]  # 20 boars and two deer
    events = [tiny_event(f"{i}", i) for i in numbers]
    dataset = dataset_of({"train": events}, {"species": SPECIES, "count": COUNTS})
    label = dataset.label("species")
    boar, deer, _ = class_weights_of(label, "balanced")
    assert deer / boar == pytest.approx(label.counts["train"][0] / label.counts["train"][1])
    probed(network, dataset, tmp_path / "none.onnx")
    result = probed(network, dataset, tmp_path / "balanced.onnx", class_weights="balanced")
    plain, weighted = (
        load_model(tmp_path / f"{scheme}.onnx").predict(PIXELS[:1] // 2 + PIXELS[1:2] // 2)
        for scheme in ("none", "balanced")
    )
    # what is half a boar and half a deer is more often a deer where deer are not rare
    assert weighted["species"][0, 1] > plain["species"][0, 1]
    assert load_model(result.output).info.provenance["probe"]["class_weights"] == "balanced"


def test_strangers_are_told_apart(network: Path, dataset: Dataset, tmp_path: Path) -> None:
    result = probed(network, dataset, tmp_path / "model.onnx")
    assert result.strangers is not None
    model = load_model(tmp_path / "model.onnx")
    found = model.info.strangers
    assert (found["false_alarm_rate"], found["events"], found["split"]) == (0.05, 160, "val")
    blue = np.zeros((1, 16, 24, 3), np.uint8)
    blue[..., 2] = 255
    assert model.run(blue, ("strangeness",))["strangeness"][0, 0] > found["threshold"]


def test_too_few_events_promise_nothing(
    network: Path, tiny_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = tiny_dataset({"train": 30, "val": 20}, shards=1)
    result = probed(network, dataset, tmp_path / "model.onnx")
    assert "too few events" in result.notes[0]
    assert "worth 9 independent events, at least 59 are needed" in result.notes[0]
    assert load_model(tmp_path / "model.onnx").info.strangers == {}


def test_nothing_is_written_when_the_file_differs_from_the_fit(
    network: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_model, "TOLERANCE", -1.0)
    with pytest.raises(CtcError, match="was not written"):
        probed(network, dataset, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (("specis",), {}, "did you mean 'species'"),
        (("species",), {"multi_label": ("count",)}, "not among the labels to learn"),
        (("species",), {"aggregation": "median"}, "median"),
    ],
)
def test_probe_refuses(
    network: Path, dataset: Dataset, tmp_path: Path, labels, options, message
) -> None:
    with pytest.raises(CtcError, match=message):
        probed(network, dataset, tmp_path / "model.onnx", *labels, **options)
    assert not (tmp_path / "model.onnx").exists()


def test_shots_need_a_split_to_measure_on(
    network: Path, tiny_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = tiny_dataset({"train": 12}, shards=1)
    with pytest.raises(UsageError, match="needs a split 'test' or 'val'"):
        probed(network, dataset, tmp_path / "model.onnx", shots=(2,))


def test_learning_curve_rises_to_all_photos(
    network: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = probed(network, dataset, tmp_path / "model.onnx", shots=(1, 6, 5000), draws=3)
    (curve,) = result.curves
    assert [point.shots for point in curve.points] == [1, 6, None]
    assert [point.draws for point in curve.points] == [3, 3, 1]
    photos = [point.photos for point in curve.points]
    assert photos == sorted(photos)
    assert photos[-1] == 90
    assert curve.points[0].accuracy <= curve.points[-1].accuracy
    assert all(point.low <= point.accuracy <= point.high for point in curve.points)
    again = probed(network, dataset, tmp_path / "again.onnx", shots=(1, 6), draws=3)
    assert again.curves[0].points == curve.points  # the same seed
    assert curve.advice.endswith("photos: left out --shots 5000")
    assert "left out" not in again.curves[0].advice


def test_command_prints_accuracy_and_writes_the_curve(
    network: Path, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "model.onnx"
    arguments = ["probe", str(network), str(dataset.folder), "--label", "species"]
    arguments += ["--shots", "2", "--draws", "2", "--output", str(output)]
    assert run(arguments) == 0
    printed = capsys.readouterr()
    assert "30 events of 4 places" in printed.out
    assert "strangers: " in printed.err
    page = (tmp_path / "model.learning_curve.html").read_text()
    assert "photos per class" in page
    assert "<svg" in page
    with (tmp_path / "model.learning_curve.csv").open() as file:
        assert [row["shots"] for row in csv.DictReader(file)] == ["2", "all"]
    told = json.loads((tmp_path / "model.learning_curve.json").read_text())
    assert told["labels"]["species"]["points"][1]["shots"] is None
    assert run(arguments) == 2
    assert "exists already" in capsys.readouterr().err


def test_command_refuses_its_input_as_output(
    network: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(network), str(dataset.folder), "--label", "species", "--overwrite"]
    assert run(["probe", *arguments, "--output", str(network)]) == 2
    assert "is the feature network itself" in capsys.readouterr().err


def test_command_refuses_a_model_without_features(
    build_model: Callable[..., Path],
    dataset: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["probe", str(build_model()), str(dataset.folder), "--label", "species"]
    assert run([*arguments, "--output", str(tmp_path / "m.onnx")]) == 1
    assert "has no features" in capsys.readouterr().err
