"""What a few real photos teach: EfficientNet-Lite0's features beside a network from scratch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctc.cli.main import run

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

SPLITS = ("--split", "train=0.5", "--split", "val=0.25", "--split", "test=0.25")
TRAINING = ("--backbone", "small_cnn", "--width", "64", "--height", "64", "--optimizer", "adamw")
TRAINING += ("--batch-size", "16", "--epochs", "15", "--label", "class")


@pytest.fixture(scope="module")
def cats_and_dogs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 119 real photos: 59 to learn from, 30 to choose on, 30 to test on."""
    folder = tmp_path_factory.mktemp("cats-and-dogs")
    photos = shared / "data" / "cats-and-dogs" / "test" / "test_images"
    inventory, dataset = str(folder / "inventory.parquet"), folder / "dataset"
    assert run(["inventory", "folders", str(photos), "--output", inventory]) == 0
    made = ["dataset", inventory, "--output", str(dataset), "--smallest-side", "240", *SPLITS]
    assert run(made) == 0
    return dataset


def accuracy(model: Path, dataset: Path) -> float:
    report = model.with_suffix("")
    assert run(["evaluate", str(model), str(dataset), "--output", str(report)]) == 0
    metrics = json.loads((report / "metrics.json").read_text())
    value = metrics["labels"]["class"]["units"]["event"]["top_1"]["value"]
    assert isinstance(value, float)
    return value


def test_features_teach_cats_and_dogs_where_training_from_scratch_does_not(
    cats_and_dogs: Path, lite0_features: Path, tmp_path: Path
) -> None:
    dataset, probed = str(cats_and_dogs), tmp_path / "probe.onnx"
    arguments = [str(lite0_features), dataset, "--label", "class", "--output", str(probed)]
    assert run(["probe", *arguments]) == 0
    trained = ["train", dataset, "--output", str(tmp_path / "run"), *TRAINING]
    assert run(trained) == 0
    scratch = tmp_path / "scratch.onnx"
    assert run(["export", str(tmp_path / "run"), "--output", str(scratch)]) == 0
    with_features, from_scratch = accuracy(probed, cats_and_dogs), accuracy(scratch, cats_and_dogs)
    assert with_features >= 0.9
    assert with_features > from_scratch + 0.15
