"""How fast photos become records, and how large an inventory may be: python -m
benchmarks.training.dataset PHOTOS_DIR [--copies 10] [--rounds 5] [--observations 5000000]

PHOTOS_DIR: real photos, JPEGs of some megapixels; each is taken `--copies` times. The four ways do
the same to each photo (read, decode, shrink to a smallest side of 500 px, encode at quality 90) and
take turns; their figure is photos per second of processor time, so other work on the machine
matters little. The number of workers is compared by the clock."""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.dataset.build import build_dataset
from ctc.dataset.config import DatasetConfig
from ctc.dataset.plan import DatasetPlan

SIDE, QUALITY = 500, 90
GOALS = {"Pillow": 3.3, "TensorFlow": 1.4, "bare": 0.9}
GOAL_TWO_WORKERS, GOAL_SECONDS, GOAL_GB = 1.8, 60, 6


def smaller(height: int, width: int) -> tuple[int, int]:
    """(height, width) with the smaller side at `SIDE`."""
    scale = min(1.0, SIDE / min(height, width))
    return round(height * scale), round(width * scale)


def by_pillow(photos: list[Path]) -> None:
    """Pillow: open, resize, save."""
    for photo in photos:
        image = Image.open(photo).convert("RGB")
        image.resize(smaller(image.height, image.width)[::-1]).save(
            io.BytesIO(), "JPEG", quality=QUALITY
        )


def by_tensorflow(photos: list[Path]) -> None:
    """The seed's way: decode_image, image.resize, encode_jpeg."""
    import tensorflow as tf

    for photo in photos:
        pixels = tf.io.decode_image(photo.read_bytes(), channels=3, expand_animations=False)
        resized = tf.image.resize(pixels, smaller(*pixels.shape[:2]))
        tf.io.encode_jpeg(tf.cast(resized, tf.uint8), quality=QUALITY).numpy()


def by_bare_libraries(photos: list[Path]) -> None:
    """The least that must be done: scaled decode, linear resize, encode; no orientation, checks,
    statistics or files."""
    for photo in photos:
        data = photo.read_bytes()
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        while min(height, width) >= 2 * SIDE:
            height, width = -(-height // 2), -(-width // 2)
        pixels = simplejpeg.decode_jpeg(
            data, fastdct=True, fastupsample=True, min_height=height, min_width=width
        )
        pixels = cv2.resize(
            pixels, smaller(*pixels.shape[:2])[::-1], interpolation=cv2.INTER_LINEAR
        )
        simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorsubsampling="420", fastdct=True)


def by_ctc(photos: list[Path], workers: int = 1) -> None:
    """What `ctc dataset` does, files and all."""
    import pyarrow as pa

    names = [str(photo) for photo in photos]
    ids = [f"{number}" for number in range(len(names))]
    table = pa.table(
        {"event_id": ids, "images": [[name] for name in names], "class": ["animal"] * len(names)}
    )
    config = DatasetConfig(
        shares={"train": 1.0}, smallest_side=SIDE, quality=QUALITY, threads=workers
    )
    with tempfile.TemporaryDirectory() as folder:
        plan = DatasetPlan.make(Inventory(table, ("class",), Path("/")), config)
        build_dataset(plan, Path(folder) / "dataset", lambda *_: None)


WAYS: dict[str, Callable[[list[Path]], None]] = {
    "Pillow": by_pillow,
    "TensorFlow": by_tensorflow,
    "bare": by_bare_libraries,
    "ctc dataset": by_ctc,
}


def timed(work: Callable[[], None], clock: Callable[[], float]) -> float:
    """Seconds on `clock` that `work` takes."""
    start = clock()
    work()
    return clock() - start


def measure(photos: list[Path], rounds: int) -> dict[str, float]:
    """Photos per second of processor time of each way, the median of the rounds after a first one
    to warm up."""
    times = [
        {name: timed(lambda way=way: way(photos), time.process_time) for name, way in WAYS.items()}  # type: ignore[misc]
        for _ in range(rounds + 1)
    ]
    return {name: len(photos) / median(one[name] for one in times[1:]) for name in WAYS}


def two_workers(photos: list[Path], rounds: int) -> float:
    """How much faster two workers are than one."""
    ratios = []
    for _ in range(rounds):
        one, two = (timed(lambda n=n: by_ctc(photos, n), time.perf_counter) for n in (1, 2))  # type: ignore[misc]
        ratios.append(one / two)
    return median(ratios)


def large_inventory(folder: Path, observations: int) -> dict[str, float]:
    """Seconds and peak GB to read, filter, split and group a made-up inventory, in a process of its
    own."""
    path = folder / "large.parquet"
    make_up(path, observations)
    done = subprocess.run(
        [sys.executable, __file__, "--plan", str(path)], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def make_up(path: Path, observations: int) -> None:
    """One to three photos an event, 50 species of very different frequency, 2,000 cameras."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rng = np.random.default_rng(0)

    def text(prefix: str, numbers: np.ndarray) -> pa.Array:
        return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")

    events = np.sort(rng.integers(0, int(observations * 0.95), observations))
    cameras = events * 2654435761 % 2000
    photos = rng.integers(1, 4, observations)
    ends = np.r_[0, np.cumsum(photos)].astype(np.int32)
    owners = np.repeat(cameras, photos)
    names = pc.binary_join_element_wise(
        text("season1/camera_", owners), text("IMG_", np.arange(ends[-1])), "/"
    )
    frequency = 1 / np.arange(1, 51) ** 1.3
    columns = {
        "event_id": text("S1_event_", events),
        "images": pa.ListArray.from_arrays(pa.array(ends), names),
        "species": text("species ", rng.choice(50, observations, p=frequency / frequency.sum())),
        "count": text("", rng.integers(1, 6, observations)),
        "location": text("camera_", cameras),
    }
    Inventory(pa.table(columns), ("species", "count"), Path("/photos")).write(path)


def plan(path: Path) -> None:
    """Print seconds and peak memory of everything up to the first record, as JSON."""
    start = time.perf_counter()
    config = DatasetConfig(
        group_by="location",
        remove=(("species", "species 3"),),
        keep=(("count", "1"), ("count", "2")),
    )
    planned = DatasetPlan.make(Inventory.read(path), config)
    planned.fingerprint()
    next(planned.events(next(planned.shards()).events))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    print(json.dumps({"seconds": time.perf_counter() - start, "gb": peak / 1e9}))


def processor() -> str:
    """The processor's name where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--observations", type=int, default=5_000_000)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos = sorted(options.photos.rglob("*.jpg")) * options.copies
    print(
        f"{date.today()}, {processor()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {len(photos)} photos\n"
    )
    rates = measure(photos, options.rounds)
    print("| | photos per second and core | ctc is … times as fast | goal |\n|---|---|---|---|")
    for name, rate in rates.items():
        print(
            f"| {name} | {rate:.0f} | {rates['ctc dataset'] / rate:.2f} | {GOALS.get(name, '')} |"
        )
    print(
        f"\ntwo workers against one: {two_workers(photos, options.rounds):.2f} times as fast, goal "
        f"{GOAL_TWO_WORKERS}"
    )
    with tempfile.TemporaryDirectory() as folder:
        large = large_inventory(Path(folder), options.observations)
    print(
        f"inventory of {options.observations:,} observations read, filtered, split and grouped: "
        f"{large['seconds']:.1f} s, "
        f"{large['gb']:.1f} GB; goal {GOAL_SECONDS} s, {GOAL_GB} GB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plan"]:
        plan(Path(sys.argv[2]))
    else:
        main()
