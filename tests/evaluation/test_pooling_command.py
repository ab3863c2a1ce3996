"""ctc calibrate --pooling, and what predict and evaluate make of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.file import ATTENTION_OUTPUT, FEATURES_OUTPUT, ModelInfo
from ctc.artifacts.model.pooling import POOLING
from ctc.cli.main import run
from ctc.images import encode_jpeg
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin.manager import plugins
from ctc.runtime.session import load_model

SPECIES = ("empty", "fox", "wolf")
COLOURS = {"empty": (40, 160, 40), "fox": (150, 120, 40), "wolf": (40, 120, 150)}
PIXELS = np.random.default_rng(0).integers(0, 255, (7, 16, 24, 3), dtype=np.uint8)


def event(split: str, number: int) -> EventRecord:
    """Event of a species, of which one photo shows the animal and up to two are empty."""
    species = SPECIES[number % 3]
    shown = [species, "empty", "empty"][: 1 + number // 3 % 3]
    noise = np.random.default_rng([len(split), number])
    photos = [
        np.clip(np.array(COLOURS[one]) + noise.integers(-30, 30, (32, 48, 3)), 0, 255)
        for one in (shown if number % 2 else shown[::-1])
    ]
    return EventRecord(
        event_id=f"{split}-{number}",
        jpegs=tuple(encode_jpeg(photo.astype(np.uint8), 95) for photo in photos),
        sizes=((32, 48),) * len(photos),
        labels={"species": (SPECIES.index(species),)},
        paths=tuple(f"{split}/{number}-{place}.jpg" for place in range(len(photos))),
        meta={"location": f"camera {number % 7}", "datetime": f"2024-03-{1 + number % 28:02d}"},
    )


@pytest.fixture
def dataset(dataset_of: Callable[..., Dataset]) -> Dataset:
    return dataset_of(
        {split: [event(split, number) for number in range(108)] for split in ("val", "test")},
        {"species": SPECIES},
    )


@pytest.fixture
def model(build_model: Callable[..., Path]) -> Path:
    """The model by colour, whose features are the mean colour."""
    path = build_model(sharpness=30.0)
    network = onnx.load(path)
    network.graph.node.append(helper.make_node("Identity", ["mean"], [FEATURES_OUTPUT]))
    network.graph.output.append(
        helper.make_tensor_value_info(FEATURES_OUTPUT, TensorProto.FLOAT, ["batch", 3])
    )
    info = ModelInfo.from_metadata({one.key: one.value for one in network.metadata_props})
    helper.set_model_props(network, replace(info, feature_size=3).to_metadata())
    onnx.save(network, path)
    return path


@pytest.fixture
def pooled(model: Path, dataset: Dataset, tmp_path: Path) -> Path:
    """The model, calibrated with a pooling."""
    assert calibrate(model, dataset, tmp_path / "pooled.onnx") == 0
    return tmp_path / "pooled.onnx"


def calibrate(model: Path, dataset: Dataset, output: Path, *more: str) -> int:
    arguments = ["calibrate", str(model), str(dataset.folder), "--output", str(output)]
    return run([*arguments, "--no-strangers", "--method", "temperature", *more])


def accuracy(model: Path, dataset: Dataset, output: Path, *more: str) -> float:
    assert run(["evaluate", str(model), str(dataset.folder), "--output", str(output), *more]) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    return float(metrics["labels"]["species"]["units"]["event"]["top_1"]["value"])


@pytest.fixture
def table(dataset: Dataset, tmp_path: Path) -> Path:
    """A table of 30 events, whose photos are files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = []
    for number in range(30):
        one = event("test", number)
        for place, jpeg in enumerate(one.jpegs):
            (folder / f"{number}-{place}.jpg").write_bytes(jpeg)
            rows.append((one.event_id, f"{number}-{place}.jpg"))
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "photo"), *rows])
    return folder / "events.csv"


def predict(model: Path, table: Path, output: Path, *more: str) -> dict[str, dict[str, Any]]:
    arguments = ["predict", str(model), str(table), "--output", str(output)]
    assert run([*arguments, "--event-id", "id", "--image", "photo", *more]) == 0
    with output.open(newline="") as file:
        return {row["id"]: json.loads(row["predictions_all"]) for row in csv.DictReader(file)}


def test_calibrate_tells_what_the_pooling_gains(
    model: Path, dataset: Dataset, tmp_path: Path, capsys: Any
) -> None:
    assert calibrate(model, dataset, tmp_path / "pooled.onnx") == 0
    told = capsys.readouterr().err
    assert "events are pooled by attention: log loss of 72 events of several photos" in told
    assert "at 7 held-out places" in told


def test_calibrate_writes_the_pooling_and_its_test(pooled: Path) -> None:
    entry = load_model(pooled).info.promises[POOLING][0]
    assert entry["made_for"]["aggregation"] == "attention"
    assert (entry["labels"], entry["most_photos"], entry["events"]) == (["species"], 3, 72)
    mean = entry["held_out"]["compared_with"][0]
    assert mean["aggregation"] == "mean"
    assert entry["held_out"]["accuracy"] > mean["accuracy"] + 0.1


def test_calibrate_fits_thresholds_for_attention_and_for_the_others(pooled: Path) -> None:
    entries = load_model(pooled).info.promises["thresholds"]
    found = {entry["made_for"]["aggregation"] for entry in entries}
    assert {"attention", "mean", "max", ""} <= found


def test_calibrated_model_computes_the_attention_of_its_metadata(pooled: Path) -> None:
    network = load_model(pooled)
    found = network.run(PIXELS, ("species", FEATURES_OUTPUT, ATTENTION_OUTPUT))
    constants = {
        one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(pooled).graph.initializer
    }
    answer, features = found["species"], found[FEATURES_OUTPUT]
    expected = (
        features @ constants["attention_of/features/weights"]
        + answer @ constants["attention_of/species/weights"]
        + answer**2 @ constants["attention_of/species/square_weights"]
    )
    assert found[ATTENTION_OUTPUT] == pytest.approx(expected, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("option", ["--no-pooling", "--aggregation=mean", "--flips"])
def test_calibrate_without_pooling(
    model: Path, dataset: Dataset, tmp_path: Path, option: str
) -> None:
    assert calibrate(model, dataset, tmp_path / "plain.onnx", option) == 0
    info = load_model(tmp_path / "plain.onnx").info
    assert (info.pooling, POOLING in info.promises) == (None, False)


def test_calibrate_leaves_the_pooling_out_where_it_does_not_pay(
    model: Path, dataset_of: Callable[..., Dataset], tmp_path: Path, capsys: Any
) -> None:
    same = [
        replace(one, jpegs=one.jpegs[:1] * 2, sizes=one.sizes[:1] * 2, paths=("a.jpg", "b.jpg"))
        for one in (event("val", number) for number in range(120))
        if len(one.jpegs) == 1
    ]
    alike = dataset_of({"val": same}, {"species": SPECIES}, name="alike")
    assert calibrate(model, alike, tmp_path / "plain.onnx") == 0
    assert load_model(tmp_path / "plain.onnx").info.pooling is None
    assert "a learnt pooling does not pay" in capsys.readouterr().err


def test_calibrate_refuses_an_aggregation_that_it_is_to_fit(
    model: Path, dataset: Dataset, tmp_path: Path, capsys: Any
) -> None:
    output = tmp_path / "pooled.onnx"
    assert calibrate(model, dataset, output, "--aggregation", "attention") == 2
    assert "attention is fitted now, where it pays" in capsys.readouterr().err
    assert not output.exists()


def test_evaluate_pools_events_unless_told_otherwise(
    pooled: Path, dataset: Dataset, tmp_path: Path
) -> None:
    own = accuracy(pooled, dataset, tmp_path / "own")
    mean = accuracy(pooled, dataset, tmp_path / "mean", "--aggregation", "mean")
    assert own > mean + 0.1
    subject = json.loads((tmp_path / "own" / "metrics.json").read_text())["subject"]
    assert subject["aggregation"] == "attention"


def test_predict_pools_as_evaluate_does(
    pooled: Path, dataset: Dataset, table: Path, tmp_path: Path
) -> None:
    found = predict(pooled, table, tmp_path / "own.csv")
    right = [
        max(found[f"test-{number}"], key=found[f"test-{number}"].get) == SPECIES[number % 3]
        for number in range(30)
    ]
    assert np.mean(right) > 0.9


def test_predict_keeps_the_answers_for_single_photos(
    pooled: Path, table: Path, tmp_path: Path
) -> None:
    own = predict(pooled, table, tmp_path / "own.csv")
    mean = predict(pooled, table, tmp_path / "mean.csv", "--aggregation", "mean")
    single = [f"test-{number}" for number in range(30) if number // 3 % 3 == 0]
    assert [own[one] for one in single] == [mean[one] for one in single]
    assert own != mean


def test_predict_refuses_attention_that_a_model_did_not_learn(
    model: Path, table: Path, tmp_path: Path, capsys: Any
) -> None:
    arguments = ["predict", str(model), str(table), "--output", str(tmp_path / "p.csv")]
    more = ["--event-id", "id", "--image", "photo", "--aggregation", "attention"]
    assert run([*arguments, *more]) == 2
    assert "the model has no learnt pooling" in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_resumed_predictions_have_the_same_bytes(
    pooled: Path, table: Path, tmp_path: Path, suffix: str
) -> None:
    columns = TableColumns("id", ("photo",))
    whole = PredictConfig(
        pooled, (table,), tmp_path / f"whole{suffix}", columns, aggregation="auto"
    )
    halting = replace(whole, output=tmp_path / f"halting{suffix}")
    left = 20

    def stop(photos: int, failed: int) -> None:
        nonlocal left
        left -= photos
        if left <= 0:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        prepare_run(halting, plugins()).run(stop)
    summary = prepare_run(halting, plugins()).run(lambda photos, failed: None)
    assert summary.resumed > 0
    prepare_run(whole, plugins()).run(lambda photos, failed: None)
    created = b'"created"'
    found = [
        [line for line in one.output.read_bytes().splitlines() if created not in line]
        for one in (whole, halting)
    ]
    assert found[0] == found[1]


def test_report_refuses_attention(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "p.csv").write_text("id,label,prediction_top\n")
    arguments = ["report", str(tmp_path / "p.csv"), "--aggregation", "attention"]
    assert run([*arguments, "--output", str(tmp_path / "r")]) == 2
    assert "ask a model how much each photo counts" in capsys.readouterr().err
