"""Beyond `ctc benchmark loaders DATASET`: how a loader scales with threads, whether its memory
stays flat, and what RandAugment and random erasing cost.

python -m benchmarks.training.loaders DATASET [--loader turbo] [--seconds 10] [--rounds 3] [--soak
    200000]
python -m benchmarks.training.loaders DATASET --distortions [--rounds 10]
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctc.artifacts.dataset_cache import open_dataset
from ctc.benchmark.compare import compare
from ctc.benchmark.contenders import open_stream
from ctc.benchmark.records import LIMIT, BenchmarkConfig
from ctc.plugin import Augmentation, Loader
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options


def scaling(
    loader: str, setting: BenchmarkConfig, threads: list[int], seconds: float, rounds: int
) -> None:
    """A table: images per second of the loader and the limit by threads."""
    print(f"| threads | {loader} img/s | times one thread | of the limit |\n|---|---|---|---|")
    base = 0.0
    for count in threads:
        ours, limit = compare(
            [loader, LIMIT], replace(setting, threads=count), seconds, rounds, with_cold_cache=False
        )
        rate, most = ours.images_per_second or 0.0, limit.images_per_second or 1.0
        base = base or rate
        print(f"| {count} | {rate:,.0f} | {rate / base:.2f} | {rate / most:.0%} |", flush=True)


DISTORTIONS = {
    "off": Augmentation(),
    "randaugment 1": Augmentation(randaugment=1),
    "randaugment 2": Augmentation(randaugment=2),
    "randaugment 2, magnitude 9": Augmentation(randaugment=2, randaugment_magnitude=9.0),
    "random erasing 0.25": Augmentation(random_erasing=0.25),
    "both": Augmentation(randaugment=2, random_erasing=0.25),
}


def distortions(loader: str, setting: BenchmarkConfig, rounds: int) -> None:
    """A table: processor time of an image, in turns, each turn an epoch beside that without."""
    dataset = open_dataset(Path(setting.dataset))
    config = setting.loader_config(tuple(label.name for label in dataset.manifest.labels))
    chosen = bind_options(plugins().get(Loader, loader), {})
    streams = {
        name: chosen.open(dataset, setting.split, replace(config, augmentation=augmentation))
        for name, augmentation in DISTORTIONS.items()
    }
    times: dict[str, list[float]] = {name: [] for name in streams}
    for epoch in range(rounds):
        for name, stream in streams.items():
            start = time.process_time()
            images = sum(len(batch.images) for batch in stream.epoch(epoch))
            times[name].append((time.process_time() - start) / images)
    plain = np.array(times["off"])
    print(f"| {loader} | CPU ms per image | rate, times that without |\n|---|---|---|")
    for name, seconds in times.items():
        ratio = np.median(plain / np.array(seconds))
        print(f"| {name} | {1e3 * np.median(seconds):.2f} | {ratio:.2f} |", flush=True)


def soak(loader: str, setting: BenchmarkConfig, images: int) -> None:
    """Memory while so many images are loaded: its slope after the first tenth."""
    held, loaded = [], 0
    for count in open_stream(loader, open_dataset(Path(setting.dataset)), setting):
        loaded += count
        held.append((loaded, memory_mb()))
        if loaded >= images:
            break
    table = np.array(held[len(held) // 10 :])
    slope = np.polyfit(table[:, 0], table[:, 1], 1)[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{loader}: {loaded:,} images, {1e5 * slope:+.2f} MB per 100,000 images, peak "
        f"{peak:,.0f} MB"
    )


def memory_mb() -> float:
    """What this process holds now, without the pages of mapped files, which the system may take
    back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) * 1024 / 1e6


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("--split", default="train")
    parser.add_argument("--loader", default="turbo")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--distortions", action="store_true")
    options = parser.parse_args()
    setting = BenchmarkConfig(options.dataset, options.split)
    if options.distortions:
        distortions(options.loader, setting, options.rounds)
        return
    cores = os.cpu_count() or 1
    threads = [count for count in (1, 2, 4, 8, 16, 32) if count <= cores]
    scaling(options.loader, setting, threads, options.seconds, options.rounds)
    if options.soak:
        soak(options.loader, setting, options.soak)


if __name__ == "__main__":
    main()
