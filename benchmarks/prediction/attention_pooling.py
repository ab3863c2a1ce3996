"""Whether a learnt pooling of an event's photos pays on the drawn world: python -m
benchmarks.prediction.attention_pooling [--seeds 3] [--locations 36] [--events 32] [--epochs 20]
[--world FOLDER]

Draws cameras, trains a small classifier with features on 40 % of them, fits the pooling on 30 % as
`ctc calibrate` does, and compares it with the mean on the rest. Twice: in the world as it is, where
the photos of an event are alike, and in one where the animal is in one photo of each event, and the
others are photos of empty events of the same camera. Takes some minutes per seed on 2 cores."""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.load import CTC
from ctc.artifacts.dataset_cache import open_dataset
from ctc.demo.world import draw_world
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.calibration.calibrate import fit_labels
from ctc.evaluation.calibration.calibration import apply_calibration
from ctc.evaluation.config import CalibrateConfig, ScoringConfig
from ctc.evaluation.pooling.answers import SMALLEST
from ctc.evaluation.pooling.calibrated import PooledAnswers, pool_answers, pool_by, with_features
from ctc.evaluation.score_model import open_model, score_model
from ctc.reporting import NullReporter

COLUMNS = (
    "world",
    "seed",
    "events held out",
    "attention: log loss, right",
    "mean",
    "gain on it",
    "gain on the best",
    "pays",
    "gain on the mean, test places",
    "right there: attention, mean",
)
IMAGES = ("image1", "image2", "image3")


def ctc(*arguments: object) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run([*CTC, *map(str, arguments)], check=True, stdout=quiet, stderr=quiet)


def leave(table: Path, output: Path, seed: int) -> None:
    """Write the table with empty photos of the same camera in place of all but one of an event."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    generator = np.random.default_rng(seed)
    empty: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["species"] == "empty":
            key = (row["location"], row["night"])
            empty.setdefault(key, []).extend(row[name] for name in IMAGES if row[name])
    for row in rows:
        shown = [name for name in IMAGES if row[name]]
        others = empty.get((row["location"], row["night"]), [])
        kept = shown[int(generator.integers(len(shown)))]
        hidden = [name for name in shown if name != kept]
        if row["species"] != "empty" and len(others) >= len(hidden):
            for name, place in zip(
                hidden, generator.permutation(len(others))[: len(hidden)], strict=True
            ):
                row[name] = others[int(place)]
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def make_dataset(folder: Path, table: Path, photos: Path, seed: int) -> None:
    """Write `folder/dataset`, split by location."""
    columns = [part for name in IMAGES for part in ("--image", name)]
    ctc("inventory", "csv", table, "--event-id", "event_id", *columns, "--label", "species",
        "--label", "count", "--meta", "location", "--meta", "night", "--image-root", photos,
        "--output", folder / "inventory.parquet")  # fmt: skip
    ctc("dataset", folder / "inventory.parquet", "--output", folder / "dataset", "--group-by",
        "location", "--seed", seed, "--split", "train=0.4", "--split", "val=0.3", "--split",
        "test=0.3", "--smallest-side", 72)  # fmt: skip


def train(folder: Path, seed: int, epochs: int) -> Path:
    """Return a model with features that learnt from `folder/dataset`."""
    ctc("train", folder / "dataset", "--output", folder / "run", "--backbone", "small_cnn",
        "--width", 64, "--height", 64, "--label", "species", "--label", "count", "--label-weight",
        "count=0.2", "--optimizer", "adamw", "--batch-size", 32, "--epochs", epochs, "--seed",
        seed)  # fmt: skip
    ctc("export", folder / "run", "--output", folder / "model.onnx", "--features")
    return folder / "model.onnx"


def compare(model_file: Path, folder: Path) -> str:
    """Fit on val, and return a row of Markdown: held-out places of val, and those of test."""
    model = open_model(model_file, ScoringConfig())
    dataset = open_dataset(folder, ["val", "test"])
    mean = aggregator_factory("mean", {})(())
    scored = {
        split: score_model(
            model, dataset, split, ScoringConfig(), NullReporter(), with_features(model)
        )
        for split in ("val", "test")
    }
    calibrations = fit_labels(scored["val"].data, CalibrateConfig()).calibrations
    data = {split: apply_calibration(one.data, calibrations, mean) for split, one in scored.items()}
    features, fresh = scored["val"].features, scored["test"].features
    if features is None or fresh is None:
        raise SystemExit("the model has no features")
    found = pool_answers(data["val"], features, model.info)
    if isinstance(found, str):
        raise SystemExit(found)
    told = found.fitted
    first, best = told.comparisons[0], told.comparisons[-1]
    gain, error, right = on_test(data["test"], fresh, found)
    return (
        f"{told.events} of {told.groups} places | {told.log_loss:.3f}, {told.accuracy:.3f} | "
        f"{first.log_loss:.3f}, {first.accuracy:.3f} | {first.gain:+.3f} ± {first.error:.3f} | "
        f"{best.aggregation} {best.gain:+.3f} ± {best.error:.3f} | "
        f"{'yes' if told.pays else 'no'} | {gain:+.3f} ± {error:.3f} | {right[0]:.3f}, "
        f"{right[1]:.3f} |"
    )


def on_test(
    data: EvaluationData, features: NDArray[np.float32], found: PooledAnswers
) -> tuple[float, float, tuple[float, float]]:
    """How much lower the log loss of events of several photos is than that of the mean, with the
    standard error over places; and the shares that pooling and mean get right."""
    photos, fitted = data.photos, found.fitted
    if photos is None:
        raise SystemExit("no photos")
    attention = np.full((len(photos), 3), float(fitted.most_photos))
    attention[:, 0] = found.scorer.score(features, photos.probabilities)
    attention[:, 1] = fitted.parameters.growth
    pooled = pool_by(data, photos, attention)
    truth = data.truth["species"]
    chosen = np.flatnonzero((data.photos_in_event > 1) & (truth >= 0))
    answers = [one.events.probabilities["species"][chosen] for one in (pooled, data)]
    losses = [
        -np.log(np.maximum(one[np.arange(len(chosen)), truth[chosen]], SMALLEST)) for one in answers
    ]
    gain = losses[1] - losses[0]
    away = np.bincount(data.location[chosen], gain - gain.mean())
    places = len(np.unique(data.location[chosen]))
    error = float(np.sqrt(places / (places - 1) * (away**2).sum())) / len(gain)
    own, mean = (float((one.argmax(axis=1) == truth[chosen]).mean()) for one in answers)
    return float(gain.mean()), error, (own, mean)


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("--seeds", 3), ("--locations", 36), ("--events", 32), ("--epochs", 20)):
        parser.add_argument(name, type=int, default=value)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--world", type=Path, help="a folder with a drawn world")
    options = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        with tempfile.TemporaryDirectory() as place:
            folder = options.world or Path(place) / "drawn"
            if options.world is None:
                draw_world(folder, seed=seed, locations=options.locations,
                           events_per_location=options.events)  # fmt: skip
            study(Path(place), folder, seed, options.epochs)


def study(place: Path, world: Path, seed: int, epochs: int) -> None:
    """Train on a world as drawn, and print a row for it, and for one where the animal leaves."""
    tables = {"as drawn": world / "labels.csv", "the animal leaves": place / "left.csv"}
    leave(world / "labels.csv", place / "left.csv", seed)
    model: Path | None = None
    for name, table in tables.items():
        made = place / name.replace(" ", "-")
        made.mkdir()
        make_dataset(made, table, world / "photos", seed)
        model = model or train(made, seed, epochs)
        print(f"| {name} | {seed} | {compare(model, made / 'dataset')}", flush=True)


if __name__ == "__main__":
    main()
