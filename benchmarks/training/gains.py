"""What the options of `ctc train` gain on drawn photos with a long tail of rare classes:

    python -m benchmarks.training.gains FOLDER [--seeds 10] [--only NAME …] [--table]

The demo's cameras are drawn once, at `--locations` places. Each seed divides the places anew among
train, val and test, so that the test is on unseen places, thins out the classes of train and val in
a geometric row, from all events of the commonest to a twentieth of the rarest, and is the seed of
the network too. All options of a seed see the same photos, so differences are paired. Every run is
a line of FOLDER/runs.jsonl; what is there is not run again. `--table` only prints the table.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ctc.demo.world import draw_world
from ctc.errors import CtcError
from ctc.reporting import NullReporter
from ctc.storage.atomic import remove
from ctc.training.config import TrainingConfig

EVENTS_PER_LOCATION = 50
RAREST = 1 / 20
"""Share of the events of the rarest class that are kept."""
TEST, VALIDATION = 0.3, 0.15
"""Shares of the locations."""
BASE, FINE_TUNED, DISTILLED = "as it is", "fine-tuned", "small, alone"
METRICS = ("accuracy", "tail_accuracy", "macro_f1")
"""On the test split, where all classes are about equally common; `tail_accuracy`: if they were as
common there as in train."""

FROM_SCRATCH: Mapping[str, Mapping[str, Any]] = {
    BASE: {},
    "ema 0.99": {"ema": 0.99},
    "logit-adjustment 1": {"logit_adjustment": 1.0},
    "class-weights sqrt": {"class_weights": "sqrt"},
    "sampling sqrt": {"sampling": "sqrt"},
    "mixup 0.2": {"mixup": 0.2},
    "cutmix 1": {"cutmix": 1.0},
    "randaugment 2": {"randaugment": 2},
    "random-erasing 0.25": {"random_erasing": 0.25},
    "label-smoothing 0.1": {"label_smoothing": 0.1},
    "focal": {"loss": "focal"},
}
FROM_ANOTHER_WORLD: Mapping[str, Mapping[str, Any]] = {
    FINE_TUNED: {},
    "fine-tuned, layer-decay 0.7": {"layer_decay": 0.7},
    "fine-tuned, layer-decay 0.85": {"layer_decay": 0.85},
}
FROM_A_TEACHER: Mapping[str, Mapping[str, Any]] = {
    "teacher resnet18": {},
    "teacher resnet18, weight 0.9": {"teacher_weight": 0.9},
}


def main() -> int:
    """Run what is missing and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--locations", type=int, default=30)
    parser.add_argument("--size", type=int, default=32, help="pixels of the input")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", nargs="*", default=[], help="names of rows")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    runs = Runs(options.folder / "runs.jsonl")
    if not options.table:
        world = options.folder / "world"
        draw(world, options.locations, seed=0)
        for seed in range(options.seeds):
            measure_seed(world, options, runs, seed)
    print_table(runs, options)
    return 0


class Runs:
    """The results: name → seed → metrics on the test split."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.results: dict[str, dict[int, dict[str, float]]] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            row = json.loads(line)
            self.results.setdefault(row["name"], {})[row["seed"]] = row["test"]

    def has(self, name: str, seed: int) -> bool:
        """Return whether this was run."""
        return seed in self.results.get(name, {})

    def add(self, name: str, seed: int, test: dict[str, float]) -> None:
        """Keep the result of a run."""
        self.results.setdefault(name, {})[seed] = test
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, "seed": seed, "test": test}) + "\n")


def draw(world: Path, locations: int, seed: int) -> None:
    """Draw the photos, unless they are there."""
    if not (world / "labels.csv").exists():
        world.mkdir(parents=True, exist_ok=True)
        draw_world(world, seed=seed, locations=locations, events_per_location=EVENTS_PER_LOCATION)


def measure_seed(world: Path, options: argparse.Namespace, runs: Runs, seed: int) -> None:
    """Run every row of one seed."""
    from ctc.plugin.manager import plugins
    from ctc.training.run_training import train

    folder = options.folder / f"seed-{seed}"
    dataset = build_dataset(world, folder / "dataset", seed, tail=True)
    base = TrainingConfig(
        str(dataset),
        str(folder / "run"),
        "small_cnn",
        ("species",),
        height=options.size,
        width=options.size,
        batch_size=16,
        epochs=options.epochs,
        optimizer="adamw",
        schedule="cosine",
        threads=1,
        seed=seed,
    )

    def run(name: str, config: TrainingConfig) -> Path:
        train(config, plugins(), NullReporter(), overwrite=True)
        found = test_metrics(Path(config.output), Path(config.dataset))
        print(f"{name}, seed {seed}: {found}", file=sys.stderr, flush=True)
        runs.add(name, seed, found)
        return Path(config.output)

    for name, changes in rows(options, runs, seed, FROM_SCRATCH):
        run(name, replace(base, **changes))
    if todo := list(rows(options, runs, seed, FROM_ANOTHER_WORLD)):
        start = pretrained(options, base)
        for name, changes in todo:
            run(name, replace(base, start_from=str(start), **changes))
    if todo := list(rows(options, runs, seed, FROM_A_TEACHER)):
        model = folder / "teacher.onnx"
        if not model.exists():
            large = replace(base, backbone="resnet18", output=str(folder / "teacher"))
            export_model(run("the teacher, resnet18", large), model)
        for name, changes in todo:
            run(name, replace(base, teacher=str(model), **changes))
    remove(folder / "run")


def rows(
    options: argparse.Namespace, runs: Runs, seed: int, group: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of a group that are wanted and not run yet."""
    for name, changes in group.items():
        if not runs.has(name, seed) and (not options.only or name in options.only):
            yield name, changes


def pretrained(options: argparse.Namespace, base: TrainingConfig) -> Path:
    """Return a run of the same network on all photos of another world, with other places."""
    from ctc.plugin.manager import plugins
    from ctc.training.run_training import train

    run = options.folder / "another-run"
    if not (run / "test.json").exists():
        world = options.folder / "another-world"
        draw(world, options.locations, seed=1)
        dataset = build_dataset(world, options.folder / "another-dataset", 0, tail=False)
        config = replace(base, dataset=str(dataset), output=str(run), seed=0)
        train(config, plugins(), NullReporter(), overwrite=True)
    return run


def build_dataset(world: Path, output: Path, seed: int, *, tail: bool) -> Path:
    """Build the dataset of a seed from the first photos of the events, unless it is there."""
    if (output / "dataset.json").exists():
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    table = output.with_suffix(".csv")
    with open(world / "labels.csv", encoding="utf-8", newline="") as file:
        events = list(csv.DictReader(file))
    with open(table, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["event_id", "image1", "species", "split"])
        for event, split in divide(events, seed, tail=tail):
            writer.writerow([event["event_id"], event["image1"], event["species"], split])
    inventory = output.with_suffix(".parquet")
    ctc(
        *("inventory", "csv", table, "--event-id", "event_id", "--image", "image1"),
        *("--label", "species", "--meta", "split", "--image-root", world / "photos"),
        *("--output", inventory, "--overwrite"),
    )
    ctc(
        *("dataset", inventory, "--output", output, "--split-by", "split", "--smallest-side", 64),
        *("--workers", 1, "--overwrite"),
    )
    return output


def divide(
    events: list[dict[str, str]], seed: int, *, tail: bool
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the events with their splits, by place; in train and val with a long tail."""
    rng = np.random.default_rng([seed, 7])
    places = sorted({event["location"] for event in events})
    order = [places[index] for index in rng.permutation(len(places))]
    test, validation = round(TEST * len(places)), round(VALIDATION * len(places))
    split_of = {
        place: "test" if index < test else "val" if index < test + validation else "train"
        for index, place in enumerate(order)
    }
    classes = sorted({event["species"] for event in events})
    ranks = dict(zip(rng.permutation(classes).tolist(), range(len(classes)), strict=True))
    for event in events:
        split, rank = split_of[event["location"]], ranks[event["species"]]
        kept = RAREST ** (rank / (len(classes) - 1))
        if split == "test" or not tail or rng.random() < kept:
            yield event, split


def test_metrics(run: Path, dataset: Path) -> dict[str, float]:
    """Return METRICS of a run."""
    label = json.loads((run / "test.json").read_text(encoding="utf-8"))["labels"]["species"]
    with open(run / "test_predictions.csv", encoding="utf-8", newline="") as file:
        answers = [(row["true_species"], row["prediction_top"]) for row in csv.DictReader(file)]
    known = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))["labels"]["species"]
    shares = known["counts"]["train"]
    recalls = {
        name: np.mean([top == name for true, top in answers if true == name]) for name in shares
    }
    tail = sum(shares[name] * recalls[name] for name in shares) / sum(shares.values())
    return {
        "accuracy": label["accuracy"],
        "tail_accuracy": float(tail),
        "macro_f1": label["macro_f1"],
    }


def export_model(run: Path, output: Path) -> None:
    """Export a run to a model file."""
    ctc("export", run, "--output", output, "--overwrite")


def ctc(*words: object) -> None:
    """Run a command in this process."""
    from ctc.cli.main import run

    if code := run(["-q", *map(str, words)]):
        raise CtcError(f"ctc {words[0]} exits with {code}")


def print_table(runs: Runs, options: argparse.Namespace) -> None:
    """Print mean differences with paired 95 % intervals over seeds."""
    print(f"{date.today()}, {os.cpu_count()} cores, {options.size} px, {options.epochs} epochs\n")
    print("| | seeds | accuracy | gain | with the tail | gain | macro F1 | gain |")
    print("|---|---|---|---|---|---|---|---|")
    for group, base in (
        (FROM_SCRATCH, BASE),
        (FROM_ANOTHER_WORLD, FINE_TUNED),
        ({BASE: {}, "the teacher, resnet18": {}, **FROM_A_TEACHER}, BASE),
    ):
        for name in group:
            if name in runs.results and not (name == BASE and group is not FROM_SCRATCH):
                print(row(name, runs.results[name], runs.results.get(base, {})))


def row(
    name: str,
    found: Mapping[int, Mapping[str, float]],
    base: Mapping[int, Mapping[str, float]],
) -> str:
    """Return one line of the table."""
    cells = [name, str(len(found))]
    for metric in METRICS:
        cells.append(f"{np.mean([one[metric] for one in found.values()]):.3f}")
        both = sorted(set(found) & set(base))
        cells.append(interval([found[seed][metric] - base[seed][metric] for seed in both]))
    return f"| {' | '.join(cells)} |"


def interval(differences: list[float]) -> str:
    """Return the mean with Student's 95 % interval, of one alone; nothing for the base itself."""
    from scipy.stats import t

    if not any(differences):
        return ""
    if len(differences) == 1:
        return f"{differences[0]:+.3f}"
    half = t.ppf(0.975, len(differences) - 1) * np.std(differences, ddof=1)
    half /= math.sqrt(len(differences))
    return f"{np.mean(differences):+.3f} ± {half:.3f}"


if __name__ == "__main__":
    raise SystemExit(main())
