"""Beyond `ctc benchmark loaders DATASET`: how a loader scales with threads, and whether its memory
stays flat.

python benchmarks/loaders.py DATASET [--loader turbo] [--seconds 10] [--rounds 3] [--soak 200000]
"""

from __future__ import annotations

import argparse
import os
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctc.artifacts.dataset_cache import open_dataset
from ctc.benchmark.compare import compare
from ctc.benchmark.contenders import open_stream
from ctc.benchmark.records import LIMIT, BenchmarkConfig


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
    options = parser.parse_args()
    setting = BenchmarkConfig(options.dataset, options.split)
    cores = os.cpu_count() or 1
    threads = [count for count in (1, 2, 4, 8, 16, 32) if count <= cores]
    scaling(options.loader, setting, threads, options.seconds, options.rounds)
    if options.soak:
        soak(options.loader, setting, options.soak)


if __name__ == "__main__":
    main()
