"""How much memory `ctc detect` takes in a long run: python -m benchmarks.detection.memory
[--photos 100000] [--boxes 3]

A few tiny drawn photos are listed so many times, each time as an event of its own, for a network of
random numbers of 64 pixels with so many boxes per photo. Prints the resident memory when 10, 50 and
100 % of the results are in the journal."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.detection.network import write_detector
from benchmarks.serving.load import CTC

SIDE, STAGES = 64, ((8, 0), (16, 0), (16, 0), (16, 0))
SHARES = (0.1, 0.5, 1.0)


def draw(folder: Path, count: int = 8) -> list[Path]:
    folder.mkdir()
    generator = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for path in paths:
        small = Image.fromarray(generator.integers(0, 255, (6, 8, 3), np.uint8))
        small.resize((80, 60), Image.Resampling.BICUBIC).save(path)
    return paths


def lowest_confidence(detector: Path, photos: list[Path], boxes: int) -> float:
    """The confidence above which there are about so many boxes per photo."""
    from ctc.detection.detector import DetectionConfig
    from ctc.detection.opening import load_detector
    from ctc.images import decode, read_photo, to_model_input

    opened = load_detector(detector)
    images = np.stack(
        [
            to_model_input(decode(read_photo(str(one)), (SIDE, SIDE)), opened.preprocessing)
            for one in photos
        ]
    )
    whole = [(0, 0, SIDE, SIDE)] * len(photos)
    found = opened.decode(opened.run(images), whole, DetectionConfig(0.0))
    scores = sorted((one.box.confidence or 0.0 for image in found for one in image), reverse=True)
    return scores[min(boxes * len(photos), len(scores) - 1)]


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident memory, 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--boxes", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        watch(Path(place), options.photos, options.boxes)


def watch(folder: Path, count: int, boxes: int) -> None:
    photos = draw(folder / "photos")
    detector = write_detector(folder / "detector.onnx", SIDE, STAGES)
    lowest = lowest_confidence(detector, photos, boxes)
    table, output = folder / "photos.csv", folder / "boxes.json"
    rows = (f"event-{number:07},{photos[number % len(photos)].name}" for number in range(count))
    table.write_text("event,photo\n" + "\n".join(rows) + "\n")
    command = [*CTC, "detect", detector, table, "--event-id", "event", "--image", "photo",
               "--image-root", photos[0].parent, "--min-confidence", lowest,
               "--output", output]  # fmt: skip
    journal, seen = output.with_name("boxes.json.journal"), [(0, 0.0)]
    start = time.perf_counter()
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if journal.exists() and (size := _size(journal)):
                seen.append((size, resident_mb(process)))
            time.sleep(0.2)
    took = time.perf_counter() - start
    assert process.returncode == 0
    last = seen[-1][0]
    marks = [next(memory for size, memory in seen if size >= share * last) for share in SHARES]
    found = output.read_text().count('"bbox"') / count
    print(f"{count:,} photos, {found:.1f} boxes each, {count / took:,.0f} photos/s\n")
    print("| results | " + " | ".join(f"{share:.0%}" for share in SHARES) + " | highest |")
    print("|---|" + "---|" * (len(SHARES) + 1))
    highest = max(memory for _, memory in seen)
    print("| resident MB | " + " | ".join(f"{mark:.0f}" for mark in [*marks, highest]) + " |")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


if __name__ == "__main__":
    main()
