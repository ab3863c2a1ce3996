"""What the defaults of `ctc train` learn, beside others: python -m benchmarks.training.defaults
WORLD FOLDER [--photos INVENTORY …] [--seeds 3]

WORLD: drawn photos, the folder `world` of benchmarks/training/gains.py. Of its places half are for
training, of which the small set has a fifth. INVENTORY: real photos with a label `species`, which
are divided by event. Every run is a line of FOLDER/runs.jsonl; what is there is not run again.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.training.gains import Runs, ctc
from ctc.reporting import NullReporter
from ctc.training.config import TrainingConfig

OLD = {
    "optimizer": "sgd",
    "batch_size": 128,
    "early_stopping_patience": 3,
    "reduce_lr_patience": 2,
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "sgd, batch 128, patience 2 and 3 (before)": OLD,
    "sgd, batch by photos, patience 4 and 8": {
        "optimizer": "sgd",
        "early_stopping_patience": 8,
        "reduce_lr_patience": 4,
    },
    "adamw, batch by photos, patience 4 and 8": {
        "optimizer": "adamw",
        "early_stopping_patience": 8,
        "reduce_lr_patience": 4,
    },
    "adamw, batch by photos, cosine, 30 epochs": {
        "optimizer": "adamw",
        "schedule": "cosine",
        "epochs": 30,
    },
    "adamw, batch 128, patience 4 and 8": {
        "optimizer": "adamw",
        "batch_size": 128,
        "early_stopping_patience": 8,
        "reduce_lr_patience": 4,
    },
    "adamw, batch by photos, patience 2 and 3": {
        "optimizer": "adamw",
        "early_stopping_patience": 3,
        "reduce_lr_patience": 2,
    },
}


def main() -> int:
    """Run what is missing and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--size", type=int, default=32)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    runs = Runs(options.folder / "runs.jsonl")
    datasets = {}
    for inventory in options.photos:
        datasets[inventory.stem] = real_dataset(inventory, options.folder / inventory.stem)
    datasets["drawn, small"] = drawn_dataset(options.world, options.folder / "small", places=3)
    datasets["drawn"] = drawn_dataset(options.world, options.folder / "large", places=15)
    for seed in range(options.seeds):
        for setting, changes in SETTINGS.items():
            for name, dataset in datasets.items():
                key = f"{name} | {setting}"
                if not runs.has(key, seed):
                    found = measure(dataset, options, {**changes, "seed": seed})
                    print(f"{key}, seed {seed}: {found}", file=sys.stderr, flush=True)
                    runs.add(key, seed, found)
    print_table(runs, datasets, options)
    return 0


def measure(
    dataset: Path, options: argparse.Namespace, changes: Mapping[str, Any]
) -> dict[str, float]:
    """Return test accuracy, epochs, and photos seen in all epochs."""
    from ctc.plugin.manager import plugins
    from ctc.training.run_training import train

    config = TrainingConfig(
        str(dataset),
        str(options.folder / "run"),
        "small_cnn",
        ("species",),
        height=options.size,
        width=options.size,
        epochs=options.epochs,
        threads=1,
        batch_size=batch_size(dataset),
    )
    result = train(replace(config, **changes), plugins(), NullReporter(), overwrite=True)
    assert result.test is not None
    return {
        "accuracy": result.test.labels["species"].accuracy,
        "epochs": len(result.epochs),
        "photos": sum(epoch.training.images for epoch in result.epochs),
    }


def batch_size(dataset: Path) -> int:
    """Return the default batch size for the train split."""
    from ctc.training.config import default_batch_size

    splits = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))["splits"]
    return default_batch_size(splits["train"]["images"])


def real_dataset(inventory: Path, output: Path) -> Path:
    """Build the dataset of an inventory, unless it is there."""
    if not (output / "dataset.json").exists():
        splits = ("--split", "train=0.6", "--split", "val=0.15", "--split", "test=0.25")
        ctc(
            "dataset", inventory, "--output", output, *splits, "--smallest-side", 96, "--workers", 1
        )
    return output


def drawn_dataset(world: Path, output: Path, places: int) -> Path:
    """Build a dataset with so many of the drawn places in train, unless it is there."""
    if (output / "dataset.json").exists():
        return output
    table, inventory = output.with_suffix(".csv"), output.with_suffix(".parquet")
    with open(world / "labels.csv", encoding="utf-8", newline="") as file:
        events = list(csv.DictReader(file))
    with open(table, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["event_id", "image1", "species", "split"])
        for event, split in divide(events, places):
            writer.writerow([event["event_id"], event["image1"], event["species"], split])
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


def divide(events: list[dict[str, str]], places: int) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the events with their splits: the last five places are val, ten before them test."""
    order = np.random.default_rng(7).permutation(sorted({event["location"] for event in events}))
    splits = dict.fromkeys(order[:places].tolist(), "train")
    splits |= dict.fromkeys(order[-5:].tolist(), "val")
    splits |= dict.fromkeys(order[-15:-5].tolist(), "test")
    for event in events:
        if event["location"] in splits:
            yield event, splits[event["location"]]


def print_table(runs: Runs, datasets: Mapping[str, Path], options: argparse.Namespace) -> None:
    """Print mean accuracy, epochs and photos per setting and dataset."""
    print(f"{date.today()}, small_cnn at {options.size} px, at most {options.epochs} epochs\n")
    print(
        "| photos | setting | seeds | accuracy | epochs | photos seen |\n|---|---|---|---|---|---|"
    )
    for name in datasets:
        for setting in SETTINGS:
            found = list(runs.results.get(f"{name} | {setting}", {}).values())
            if found:
                mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
                each = " ".join(f"{one['accuracy']:.3f}" for one in found)
                print(
                    f"| {name} | {setting} | {len(found)} | {mean['accuracy']:.3f} ({each}) | "
                    f"{mean['epochs']:.0f} | {mean['photos']:,.0f} |"
                )


if __name__ == "__main__":
    raise SystemExit(main())
