"""The steps of `ctc demo`: the commands that it runs, and the summary that it prints."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from ctc.errors import OutputExistsError
from ctc.reporting import counted
from ctc.storage.atomic import remove

OUTPUT_NAMES = (
    "photos", "new-photos", "labels.csv", "boxes.json", "inventory.parquet", "dataset", "run",
    "model.onnx", "predictions.csv", "predictions.csv.failures.csv", "predictions.csv.journal",
    "evaluation", "boxes.parquet", "crops", "crops-run",
)  # fmt: skip
MARKER_FILE = ".ctc-demo"
SHOWN_PREDICTIONS = 8
CROP_EPOCHS = 8
"""Enough for animals that are cut out, in half a minute on two cores."""


def prepare_folder(folder: Path, overwrite: bool) -> None:
    """Create or empty the output folder of a demo.

    With `overwrite`, remove what an earlier demo made, and nothing else. A folder that has files
    but not the marker file of a demo is refused, since a user's photos may have the same names.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(folder, "it is a file; choose another --output")
    is_demo = (folder / MARKER_FILE).exists()
    if folder.exists() and any(folder.iterdir()):
        if not is_demo:
            raise OutputExistsError(folder, "it is not a demo's folder; choose another --output")
        if not overwrite:
            raise OutputExistsError(folder)
    for name in OUTPUT_NAMES if is_demo else ():
        remove(folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER_FILE).touch()


def commands(folder: Path, seed: int, epochs: int) -> list[list[str]]:
    """Return the arguments of each `ctc` command, in order.

    Locations are not divided between splits, so that the test is on new locations.
    """
    at = shlex.quote(folder.as_posix())
    lines = (
        f"""inventory csv {at}/labels.csv --event-id event_id
            --image image1 --image image2 --image image3
            --label species --label count --meta location --meta night
            --image-root {at}/photos --output {at}/inventory.parquet""",
        f"""dataset {at}/inventory.parquet --output {at}/dataset --group-by location --seed {seed}
            --split train=0.7 --split val=0.1 --split test=0.2 --smallest-side 120""",
        f"""train {at}/dataset --output {at}/run --backbone small_cnn --width 64 --height 64
            --label species --label count --label-weight count=0.2 --optimizer adamw --batch-size 32
            --epochs {epochs} --early-stopping-patience 12 --reduce-lr-patience 6 --seed {seed}""",
        f"export {at}/run --output {at}/model.onnx",
        f"predict {at}/model.onnx {at}/new-photos --output {at}/predictions.csv",
        f"""evaluate {at}/model.onnx {at}/dataset --split test --run {at}/run --explain 4
            --output {at}/evaluation""",
    )
    return [shlex.split(line) for line in lines]


def animal_commands(folder: Path, seed: int, epochs: int) -> list[list[str]]:
    """Return the arguments of the commands that learn from the animals cut out, in order.

    The boxes are the true ones, as a detector would write them.
    """
    at = shlex.quote(folder.as_posix())
    lines = (
        f"""inventory megadetector {at}/boxes.json --inventory {at}/inventory.parquet
            --output {at}/boxes.parquet""",
        f"""dataset {at}/boxes.parquet --output {at}/crops --crop-box --crops all
            --group-by location --seed {seed} --split train=0.7 --split val=0.1 --split test=0.2
            --smallest-side 72""",
        f"""train {at}/crops --output {at}/crops-run --backbone small_cnn --width 48 --height 48
            --label species --optimizer adamw --batch-size 32 --epochs {min(epochs, CROP_EPOCHS)}
            --seed {seed}""",
    )
    return [shlex.split(line) for line in lines]


def result_lines(folder: Path) -> Iterator[str]:
    """Yield the accuracy on the test split, a few predictions, and where the files are."""
    metrics = json.loads((folder / "run" / "test.json").read_text(encoding="utf-8"))
    yield "accuracy on the test split, at locations never seen in training:"
    for label, score in metrics["labels"].items():
        accuracy = "no photo" if score["accuracy"] is None else f"{score['accuracy']:.3f}"
        yield f"  {label:<10} {accuracy}  ({counted(score['n'], 'event')}, one photo of each)"
    yield ""
    yield "species of animals alone, from whole photos and from the animals cut out (boxes.json):"
    for name, run, unit in (
        ("photos", "run", "event"),
        ("animals", "crops-run", "animal"),
    ):
        right = _right_animals(folder / run)
        accuracy = f"{sum(right) / len(right):.3f}" if right else "no photo"
        yield f"  {name:<10} {accuracy}  ({counted(len(right), unit)})"
    yield ""
    yield f"  {'new photo':<40} {'species':<12} confidence"
    with open(folder / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "species"]
    for row in rows[:SHOWN_PREDICTIONS]:
        yield f"  {row['id'][-40:]:<40} {row['prediction_top']:<12} {row['confidence_top']}"
    yield ""
    yield f"photos and labels   {folder / 'photos'}, {folder / 'labels.csv'}"
    yield f"inventory, dataset  {folder / 'inventory.parquet'}, {folder / 'dataset'}"
    yield f"run, model          {folder / 'run'}, {folder / 'model.onnx'}"
    yield f"animals cut out     {folder / 'crops'}, {folder / 'crops-run'}"
    yield f"predictions         {folder / 'predictions.csv'}"
    yield f"evaluation report   {folder / 'evaluation' / 'report.html'} (open it in a browser)"


def _right_animals(run: Path) -> list[bool]:
    """Return for each animal of a run's test split whether its species is right."""
    with open(run / "test_predictions.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "species"]
    return [
        row["prediction_top"] == row["true_species"]
        for row in rows
        if row["true_species"] != "empty"
    ]
