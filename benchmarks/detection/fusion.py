"""What fusing whole photos and boxes gains at new places: python -m benchmarks.detection.fusion
FOLDER [--seed 1] [--locations 40] [--events 24] [--epochs 20] [--divisions 10]

Trains a detector and two classifiers, of whole photos and of crops, on half of the drawn cameras.
The other cameras are divided at random into those that the fusion is fitted to, as `ctc calibrate
--detector` does, and those that it is tested on; ten divisions, differences between the ways at the
same cameras. FOLDER keeps what was trained."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from benchmarks.detection.demo_world import (
    camera,
    classifier,
    ctc,
    read_truth,
    train_detector,
    write_detector,
)
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.predictions import EventPrediction
from ctc.demo.world import draw_world
from ctc.evaluation.answers.predictions import EvaluationData, is_known
from ctc.evaluation.calibration.with_detector import fuse_answers, with_answers
from ctc.evaluation.config import DetectorConfig, ScoringConfig
from ctc.evaluation.score_model import open_model, open_with_detector, score_with_detector
from ctc.inference.decisions.fusion import Fusion, whole_answer
from ctc.reporting import NullReporter

LABEL = "species"
SPLITS = ("--group-by", "location", "--split", "train=0.85", "--split", "val=0.15")


def train(folder: Path, options: argparse.Namespace) -> None:
    """Draw the cameras and train all networks, unless that was done."""
    if (folder / "crops.onnx").exists():
        return
    world = {"locations": options.locations, "events_per_location": options.events}
    draw_world(folder, seed=options.seed, **world)
    truth = read_truth(folder)
    cameras = sorted({camera(name) for name in truth})
    known = set(np.random.default_rng(options.seed).permutation(cameras)[: len(cameras) // 2])
    write_tables(folder, known)
    seen = {name: boxes for name, boxes in truth.items() if camera(name) in known}
    write_detector(train_detector(folder / "photos", seen, options.epochs), folder)
    for name in ("known", "new"):
        inventory(folder, name)
    ctc("inventory", "megadetector", folder / "boxes.json", "--inventory", folder / "known.parquet",
        "--output", folder / "boxes.parquet")  # fmt: skip
    ctc("dataset", folder / "known.parquet", "--output", folder / "whole_set", *SPLITS,
        "--smallest-side", 120)  # fmt: skip
    ctc("dataset", folder / "boxes.parquet", "--output", folder / "crops_set", *SPLITS,
        "--smallest-side", 96, "--crop-box", 0.1, "--crops", "all")  # fmt: skip
    ctc("dataset", folder / "new.parquet", "--output", folder / "new_set", "--split", "test=1",
        "--smallest-side", 480)  # fmt: skip
    for name in ("whole", "crops"):
        classifier(folder, name, folder / f"{name}_set", options.epochs, options.seed)


def write_tables(folder: Path, known: set[str]) -> None:
    """Write known.csv and new.csv, the events of each half of the cameras."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("known", "new"):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if (row["location"] in known) == (name == "known"))


def inventory(folder: Path, name: str) -> None:
    """Make an inventory of a table."""
    images = [part for n in (1, 2, 3) for part in ("--image", f"image{n}")]
    ctc("inventory", "csv", folder / f"{name}.csv", "--event-id", "event_id", *images, "--label",
        LABEL, "--meta", "location", "--image-root", folder / "photos", "--output",
        folder / f"{name}.parquet")  # fmt: skip


def scored(folder: Path, name: str) -> tuple[EvaluationData, tuple[EventPrediction, ...]]:
    """The answers of the detector and a classifier for all new cameras, whole photos too."""
    scoring = ScoringConfig()
    model = open_model(folder / f"{name}.onnx", scoring)
    dataset = open_dataset(folder / "new_set", ["test"])
    detector = DetectorConfig(folder / "detector.onnx")
    both = replace(open_with_detector(model, dataset, detector, scoring), asks_whole=True)
    found = score_with_detector(both, dataset, "test", scoring, NullReporter())
    return with_answers(found.data, found.predictions), found.predictions


def divide(
    data: EvaluationData, predictions: Sequence[EventPrediction], seed: int
) -> tuple[Mapping[str, float], str]:
    """Fit at half of the cameras; the share of right events at the others, and what was chosen."""
    order = np.random.default_rng(seed).permutation(len(data.locations))
    here = np.isin(data.location, order[: len(order) // 2])
    fitted = fuse_answers(*events(data, predictions, here)).fusions[LABEL].fusion
    tested, chosen = events(data, predictions, ~here)
    fuse = Fusion({LABEL: fitted})
    answers = {
        "whole photos": np.array([whole_answer(one, LABEL) for one in chosen]),
        "boxes": tested.events.probabilities[LABEL],
        "fused": np.array([fuse.decide(one).probabilities[LABEL] for one in chosen]),
    }
    truth = tested.truth[LABEL]
    known = is_known(truth)
    right = {
        name: float((values.argmax(axis=1) == truth)[known].mean())
        for name, values in answers.items()
    }
    return right, fitted.kind


def events(
    data: EvaluationData, predictions: Sequence[EventPrediction], kept: NDArray[np.bool_]
) -> tuple[EvaluationData, tuple[EventPrediction, ...]]:
    """The data of some of the events."""
    rows = np.flatnonzero(kept)
    own = replace(
        data.events,
        event=np.arange(len(rows), dtype=np.int32),
        paths=tuple(data.events.paths[row] for row in rows),
        probabilities={name: one[rows] for name, one in data.events.probabilities.items()},
    )
    part = replace(
        data,
        event_ids=tuple(data.event_ids[row] for row in rows),
        truth={name: one[rows] for name, one in data.truth.items()},
        photos_in_event=data.photos_in_event[rows],
        location=data.location[rows],
        light=data.light[rows],
        timestamps=tuple(data.timestamps[row] for row in rows),
        events=own,
        photos=None,
    )
    return part, tuple(predictions[row] for row in rows)


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    for name, value in (("seed", 1), ("locations", 40), ("events", 24), ("epochs", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--divisions", type=int, default=10)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    train(options.folder, options)
    print("| classifier of | whole photos | boxes | fused | fused − best | chosen |")
    print("|---|---|---|---|---|---|")
    for name in ("whole", "crops"):
        data, predictions = scored(options.folder, name)
        found = [divide(data, predictions, seed) for seed in range(options.divisions)]
        columns = {way: np.array([right[way] for right, _ in found]) for way in found[0][0]}
        gain = columns["fused"] - np.maximum(columns["whole photos"], columns["boxes"])
        half = t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
        means = " | ".join(f"{values.mean():.3f}" for values in columns.values())
        kinds = ", ".join(sorted({kind for _, kind in found}))
        print(f"| {name} | {means} | {gain.mean():+.3f} ± {half:.3f} (least {gain.min():+.3f}) |"
              f" {kinds} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
