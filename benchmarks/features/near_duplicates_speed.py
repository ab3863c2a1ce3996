"""How long it takes to find the near duplicates among many photos: python
benchmarks/features/near_duplicates_speed.py ROWS [--size 1280] [--cameras 400].

Features are drawn: photos of one camera are alike, of one in a hundred there is a copy. The pairs
of a sample of rows are compared with those of the full product."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.features.alike_pairs import alike_pairs
from ctc.features.near_duplicates import DEFAULT_SIMILARITY
from ctc.features.store import to_unit

BLOCK, CHECKED = 20_000, 200
Floats = NDArray[np.float32]


def draw_features(path: Path, rows: int, size: int, cameras: int) -> Floats:
    """Return unit features (rows, size), mapped from a file."""
    rng = np.random.default_rng(0)
    spectrum = (np.arange(1, size + 1) ** -0.6).astype(np.float32)
    places = rng.normal(size=(cameras, size)).astype(np.float32) * spectrum
    camera = rng.integers(0, cameras, rows)
    unit = np.memmap(path, np.float32, "w+", shape=(rows, size))
    for start in range(0, rows, BLOCK):
        here = camera[start : start + BLOCK]
        photos = rng.standard_normal((len(here), size), np.float32) * spectrum * np.float32(0.6)
        photos += places[here]
        photos[:, 0] += 1.2
        copies = rng.integers(0, len(here), (2, len(here) // 100))
        photos[copies[1]] = photos[copies[0]]
        unit[start : start + BLOCK] = to_unit(photos)
    return unit


def main() -> None:
    """Print the seconds, and whether the pairs of the sample are those of the full product."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--size", type=int, default=1280)
    parser.add_argument("--cameras", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        unit = draw_features(Path(folder) / "f", given.rows, given.size, given.cameras)
        rng = np.random.default_rng(1)
        pair = np.sort(rng.integers(0, given.rows, (2, 2_000)), axis=1)
        cosines = (unit[pair[0]] * unit[pair[1]]).sum(axis=1)
        print("cosines of pairs, 50 and 99 %:", np.quantile(cosines, [0.5, 0.99]).round(2))
        checked = rng.choice(given.rows, CHECKED, replace=False)
        found: set[tuple[int, int]] = set()
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        groups = np.arange(given.rows)
        for earlier, later, _ in alike_pairs(unit, groups, DEFAULT_SIMILARITY, lambda _: None):
            count += len(earlier)
            chosen = np.isin(later, checked)
            found |= set(zip(earlier[chosen].tolist(), later[chosen].tolist(), strict=True))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        times = f"{wall:.1f} s, {cpu:.1f} s of CPU"
        print(f"{given.rows:,} rows of {given.size}: {times}, {count:,} pairs")
        expected = {
            (int(one), int(row))
            for row in checked
            for one in np.flatnonzero(unit[:row] @ unit[row] >= DEFAULT_SIMILARITY)
        }
        print(f"{CHECKED} rows have {len(expected)} pairs, {len(found ^ expected)} of them wrong")


if __name__ == "__main__":
    main()
