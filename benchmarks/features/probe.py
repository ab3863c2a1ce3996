"""Speed of `ctc probe`: features beside decode and network alone, and the fit on given features.

    python -m benchmarks.features.probe FEATURES DATASET

FEATURES: a model file with features. DATASET: any dataset; its split 'train' is used.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.features.probe.extract import compute_features
from ctc.features.probe.feature_cache import FeatureCache
from ctc.features.probe.fitting.logistic import Targets
from ctc.features.probe.fitting.penalty import PathPoint, fit_with_validation
from ctc.features.probe.fitting.rotation import fit_rotation
from ctc.hardware import usable_cores
from ctc.images.eval_samples import preprocess, read_events, record_table, select_photos
from ctc.reporting import NullReporter
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import Model, load_model

PHOTOS = 10_000
ROUNDS = 3
SIZES = ((768, 15), (768, 100), (1280, 15), (1280, 100))
"""Features per photo, and classes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--batch-size", type=int, default=4)
    given = parser.parse_args()
    runtime = RuntimeConfig(batch_size=given.batch_size, threads=usable_cores())
    model = load_model(given.features, runtime, needs="features")
    compare_extraction(model, Dataset.read(given.dataset), given.rounds)
    for size, classes in SIZES:
        time_fit(size, classes)


def compare_extraction(model: Model, dataset: Dataset, rounds: int) -> None:
    """Print photos per second, and per second of CPU, of both ways in turns."""
    photos = sum(shard.images for shard in dataset.shards("train"))
    ways: dict[str, Callable[[], None]] = {
        "decode and network alone": lambda: run_alone(model, dataset),
        "ctc probe": lambda: run_probe(model, dataset),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            wall, cpu = time.perf_counter(), cpu_seconds()
            run()
            taken[name].append((time.perf_counter() - wall, cpu_seconds() - cpu))
    for name, values in taken.items():
        rates = [photos / median(column) for column in zip(*values, strict=True)]
        print(f"{name}: {rates[0]:.1f} photos/s, {rates[1]:.1f} per second of CPU")
    alone, ours = ([median(column) for column in zip(*taken[name], strict=True)] for name in ways)
    print(f"ratio: {alone[0] / ours[0]:.2f} by time, {alone[1] / ours[1]:.2f} by CPU")


def run_alone(model: Model, dataset: Dataset) -> None:
    """Decode each photo and run the network on it, in threads; the records are in memory."""
    how = replace(model.info.preprocessing, image_choice="all")
    events = read_events(dataset, "train", record_table(dataset, "train"))
    selections = list(select_photos(events, how))
    size = model.runtime.batch_size or 1

    def run(at: int) -> None:
        images = [preprocess(one, how, ()).image for one in selections[at : at + size]]
        model.run(np.stack(images), ("features",))

    with ThreadPoolExecutor(
        model.runtime.threads, initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        list(pool.map(run, range(0, len(selections), size)))


def run_probe(model: Model, dataset: Dataset) -> None:
    with TemporaryDirectory() as folder:
        cache = FeatureCache(Path(folder), model.info.feature_size or 0)
        compute_features(model, dataset, "train", ("original",), cache, NullReporter())


def time_fit(size: int, classes: int) -> None:
    """Print how long PHOTOS photos take with given features, and scikit-learn with one penalty."""
    features, numbers = next(batches := synthetic(size, classes))
    unseen, unseen_numbers = next(batches)
    one_hot = np.eye(classes, dtype=np.float32)
    targets = Targets(one_hot[numbers], np.ones(len(numbers), np.float32), exclusive=True)
    held_out = Targets(
        one_hot[unseen_numbers], np.ones(len(unseen_numbers), np.float32), exclusive=True
    )
    wall, cpu = time.perf_counter(), cpu_seconds()
    point = fit(features, targets, unseen, held_out)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    print(
        f"{PHOTOS:,} × {size}, {classes} classes: {wall:.1f} s, {cpu:.1f} s of CPU,"
        f" penalty {point.penalty:.2g}, loss {point.loss:.3f}"
    )


def fit(features: np.ndarray, targets: Targets, unseen: np.ndarray, held_out: Targets) -> PathPoint:
    rotation, rotated = fit_rotation(features)
    turned = rotation.apply(unseen)
    return fit_with_validation(
        rotated, rotation.variance, targets, lambda one: held_out.loss(one.logits(turned))
    )


def synthetic(size: int, classes: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield features like those of a network: correlated, not negative, of a long tail."""
    rng = np.random.default_rng(0)
    spread = (8 * np.arange(1, size + 1) ** -0.6).astype(np.float32)
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0].astype(np.float32)
    means = 0.15 * spread * rng.normal(size=(classes, size)).astype(np.float32)
    share = 1 / np.arange(1, classes + 1)
    for count in (PHOTOS, PHOTOS // 5):
        numbers = rng.choice(classes, count, p=share / share.sum())
        drawn = means[numbers] + spread * rng.normal(size=(count, size)).astype(np.float32)
        yield np.maximum(drawn @ basis, 0), numbers


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
