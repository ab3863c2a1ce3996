"""The whole pipeline on real photos, command by command."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from ctc.artifacts.dataset import Dataset

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

TRAIN = (
    "--backbone",
    "small_cnn",
    "--width",
    "48",
    "--height",
    "48",
    "--epochs",
    "2",
    "--batch-size",
    "16",
)


def ctc(*arguments: object, code: int = 0) -> str:
    """Run a command in its own process; return its stderr."""
    command = [sys.executable, "-c", "from ctc.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def cats_and_dogs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all outputs of the pipeline for a CSV.

    Two of its 119 rows name a file that doesn't exist.
    """
    folder = tmp_path_factory.mktemp("cats_and_dogs")
    source = shared / "data" / "cats-and-dogs-labels" / "cats_vs_dogs_multi.csv"
    labels = ("--label", "species", "--label", "standing", "--label", "count")
    root = ("--image-root", shared / "data" / "cats-and-dogs")
    inventory = folder / "inventory.parquet"
    ctc(
        "inventory",
        "csv",
        source,
        "--event-id",
        "id",
        "--image",
        "image",
        *labels,
        *root,
        "--output",
        inventory,
    )
    shares = ("--split", "train=0.7", "--split", "val=0.15", "--split", "test=0.15")
    ctc(
        "dataset", inventory, "--output", folder / "dataset", *shares, "--smallest-side", 96, code=3
    )
    ctc(
        "train",
        folder / "dataset",
        "--output",
        folder / "run",
        *labels,
        "--label-weight",
        "count=0.3",
        *TRAIN,
    )
    ctc("export", folder / "run", "--output", folder / "model.onnx")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_inventory_leaves_out_rows_without_file(cats_and_dogs: Path) -> None:
    dataset = Dataset.read(cats_and_dogs / "dataset")
    assert sum(dataset.event_count(split) for split in dataset.manifest.splits) == 117
    assert {row["reason"] for row in rows(cats_and_dogs / "dataset" / "left_out.csv")} == {
        "no such file or directory"
    }
    assert dataset.label("species").classes == ("cat", "dog")


def test_predict_events_of_three_images_with_every_label(cats_and_dogs: Path, shared: Path) -> None:
    source = shared / "data" / "cats-and-dogs-labels" / "cats_vs_dogs_multi_image.csv"
    images = ("--image", "image1", "--image", "image2", "--image", "image3")
    output = cats_and_dogs / "events.csv"
    root = ("--image-root", shared / "data" / "cats-and-dogs")
    ctc(
        "predict",
        cats_and_dogs / "model.onnx",
        source,
        "--event-id",
        "id",
        *images,
        *root,
        "--output",
        output,
    )
    found = rows(output)
    assert [(row["id"], row["label"]) for row in found[:4]] == [
        ("cat0.jpg", "species"),
        ("cat0.jpg", "standing"),
        ("cat0.jpg", "count"),
        ("cat10.jpg", "species"),
    ]
    assert len(found) == 4 * 3


def test_predict_fails_only_on_truncated_photo(cats_and_dogs: Path, shared: Path) -> None:
    output = cats_and_dogs / "camera_trap.csv"
    ctc(
        "predict",
        cats_and_dogs / "model.onnx",
        shared / "data" / "camera-trap-photos",
        "--output",
        output,
        code=3,
    )
    failed = rows(cats_and_dogs / "camera_trap.csv.failures.csv")
    assert [Path(row["path"]).name for row in failed] == ["african_elephants_truncated_file.jpg"]
    assert (
        len({row["id"] for row in rows(output)})
        == len(list((shared / "data" / "camera-trap-photos").glob("*.jpg"))) - 1
    )


def test_pipeline_on_class_folders(shared: Path, tmp_path: Path) -> None:
    photos = shared / "data" / "cats-and-dogs" / "test" / "test_images"
    ctc("inventory", "folders", photos, "--output", tmp_path / "inventory.parquet")
    shares = ("--split", "train=0.8", "--split", "val=0.2")
    ctc(
        "dataset",
        tmp_path / "inventory.parquet",
        "--output",
        tmp_path / "dataset",
        *shares,
        "--smallest-side",
        96,
    )
    ctc("train", tmp_path / "dataset", "--output", tmp_path / "run", "--label", "class", *TRAIN)
    ctc("export", tmp_path / "run", "--output", tmp_path / "model.onnx")
    ctc("predict", tmp_path / "model.onnx", photos, "--output", tmp_path / "predictions.json")
    assert (tmp_path / "predictions.json").read_text(encoding="utf-8").count(
        '"predictions_top"'
    ) == 119
