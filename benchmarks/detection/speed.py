"""How fast `ctc detect` and `ctc predict --detector` are: python -m benchmarks.detection.speed
PHOTOS_DIR [--photos 200] [--rounds 3] [--sparrow PYTHON]

PHOTOS_DIR: real photos, JPEGs of some megapixels, each linked as often as it takes. The detector is
a network of random numbers with the shape and the cost of a small YOLO of 640 pixels (about 9
GFLOP); the classifier is predict.py's MobileNetV3-large. The lowest confidence is chosen so that
there is about one box per photo. The ways take turns, each in a process of its own. The ideal is
what the cores could do if nothing but decoding and the networks cost time.

With --sparrow, only `ctc detect` and Sparrow Engine with the same network are measured; PYTHON: an
interpreter that has sparrow-engine, in an environment of its own."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.detection.network import SIDE, for_sparrow, write_detector
from benchmarks.prediction.models import build
from benchmarks.prediction.speed import CORES, link, processor
from benchmarks.serving.load import CTC, usable

GOALS = {"ideal": 0.90, "loop": 2.0, "both": 1.1}
PLAIN = "--plain"


def seconds_of(command: Sequence[object], count: int) -> float:
    """Seconds per photo of a command, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([*map(str, command)], check=True, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) / count


def detect(detector: Path, folder: Path, *options: object) -> list[object]:
    output = folder.parent / "boxes.json"
    return [*CTC, "detect", detector, folder, "--output", output, "--overwrite", *options]


def predict(model: Path, detector: Path, folder: Path, *options: object) -> list[object]:
    output = folder.parent / "both.csv"
    command = [*CTC, "predict", model, folder, "--detector", detector, "--output", output]
    return [*command, "--overwrite", *options]


def rate_of(run: Callable[[], object], seconds: float = 3.0) -> float:
    """Seconds per call, one thread, after two calls to warm up."""
    run()
    run()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        run()
        calls += 1
    return (time.perf_counter() - start) / calls


def decode_alone(photos: Sequence[Path], size: tuple[int, int]) -> float:
    """Seconds per photo of reading, decoding at a scale that suffices, and the letterbox."""
    import cv2

    from ctc.artifacts.model.preprocessing import Preprocessing
    from ctc.images import decode, read_photo, to_model_input

    cv2.setNumThreads(1)
    how = Preprocessing(SIDE, SIDE, "letterbox")
    return rate_of(
        lambda: [to_model_input(decode(read_photo(str(one)), size), how) for one in photos]
    ) / len(photos)


def network_alone(path: Path, is_detector: bool) -> float:
    """Seconds per image of a network, one at a time on one thread."""
    from ctc.detection.opening import load_detector
    from ctc.runtime.session import load_model

    if is_detector:
        opened = load_detector(path)
        images = np.random.default_rng(0).integers(0, 255, (1, SIDE, SIDE, 3), np.uint8)
        return rate_of(lambda: opened.run(images))
    model = load_model(path)
    side = model.info.preprocessing.height
    images = np.random.default_rng(0).integers(0, 255, (1, side, side, 3), np.uint8)
    return rate_of(lambda: model.predict(images))


def plain_loop(detector: str, photos: Sequence[str]) -> None:
    """Print the seconds per photo of what anyone would write, photo by photo."""
    import onnxruntime
    from PIL import Image

    session = onnxruntime.InferenceSession(detector)
    start = 0.0
    for number, path in enumerate(photos):
        if number == 2:
            start = time.perf_counter()
        photo = Image.open(path).convert("RGB")
        scale = SIDE / max(photo.size)
        small = photo.resize((round(photo.width * scale), round(photo.height * scale)))
        canvas = np.full((SIDE, SIDE, 3), 114, np.uint8)
        top, left = (SIDE - small.height) // 2, (SIDE - small.width) // 2
        canvas[top : top + small.height, left : left + small.width] = np.asarray(small)
        pixels = canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255
        (output,) = session.run(None, {"images": pixels})
        scores = output[0, 4:].max(axis=0)
        output[0][:, scores > 0.5].T.tolist()
    print((time.perf_counter() - start) / (len(photos) - 2))


def lowest_confidence(detector: Path, photos: Sequence[Path]) -> float:
    """The confidence above which there is about one box per photo."""
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
    found = opened.decode(
        opened.run(images), [(0, 0, SIDE, SIDE)] * len(photos), DetectionConfig(0.0)
    )
    scores = sorted((one.box.confidence or 0.0 for image in found for one in image), reverse=True)
    return scores[len(photos)]


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sparrow", metavar="PYTHON")
    options = parser.parse_args()
    photos = usable(options.photos_dir)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        detector, model = write_detector(folder / "yolo.onnx"), folder / "mobilenet_v3_large.onnx"
        links = link(photos, folder / "photos", options.photos)
        lowest = lowest_confidence(detector, photos)
        print(
            f"{date.today()}, {processor()}, {CORES} cores, Python {sys.version.split()[0]}, "
            f"{len(links):,} photos, load {os.getloadavg()[0]:.0f}\n"
        )
        if options.sparrow:
            beside_sparrow(options.sparrow, detector, links, lowest, options.rounds)
            return
        build(folder, photos)
        write_int8(detector, options.photos_dir)
        measured = [measure(detector, model, links, photos, lowest) for _ in range(options.rounds)]
        show({way: median(one[way] for one in measured) for way in measured[0]})


def beside_sparrow(
    python: str, detector: Path, links: Sequence[Path], lowest: float, rounds: int
) -> None:
    """Print the photos per second of `ctc detect` and of Sparrow Engine, and their boxes.

    The time of ctc is that of the whole command, Sparrow's begins after its start.
    """
    models = for_sparrow(detector, detector.parent / "sparrow")
    script = Path(__file__).with_name("sparrow.py")
    other = [python, script, models, lowest, *links]
    command = detect(detector, links[0].parent, "--min-confidence", lowest)
    print("| round | `ctc detect`, photos/s, boxes per photo | Sparrow Engine | times |")
    print("|---|---|---|---|")
    for number in range(1, rounds + 1):
        ours = seconds_of(command, len(links))
        images = json.loads((detector.parent / "boxes.json").read_text())["images"]
        found = sum(len(one["detections"]) for one in images) / len(images)
        done = subprocess.run(list(map(str, other)), check=True, capture_output=True, text=True)
        theirs, boxes = map(float, done.stdout.split()[-2:])
        print(f"| {number} | {1 / ours:.1f}, {found:.2f} | {1 / theirs:.1f}, {boxes:.2f} | "
              f"{theirs / ours:.2f} |", flush=True)  # fmt: skip


def measure(
    detector: Path, model: Path, links: Sequence[Path], photos: Sequence[Path], lowest: float
) -> dict[str, float]:
    """Seconds per photo of each way."""
    few = [str(one) for one in links[: max(10, len(links) // 10)]]
    loop = [sys.executable, "-m", "benchmarks.detection.speed", PLAIN, str(detector), *few]
    done = subprocess.run(loop, check=True, capture_output=True, text=True)
    confidence = ("--min-confidence", lowest)
    return {
        "detect": seconds_of(detect(detector, links[0].parent, *confidence), len(links)),
        "both": seconds_of(predict(model, detector, links[0].parent, *confidence), len(links)),
        "loop": float(done.stdout.split()[-1]),
        "decode": decode_alone(photos, (SIDE, SIDE)),
        "decode_both": decode_alone(photos, (896, 896)),
        "network": network_alone(detector, is_detector=True),
        "int8": network_alone(detector.with_suffix(".int8.onnx"), is_detector=True),
        "classifier": network_alone(model, is_detector=False),
    }


def write_int8(detector: Path, photos_dir: Path) -> None:
    """Write the detector with its body in 8 bits beside it."""
    import onnx

    from ctc.detection.opening import load_detector
    from ctc.model_import.detector_precision import shrink_detector
    from ctc.model_import.photos import sample_folder

    info = load_detector(detector).info
    sample = sample_folder(photos_dir, info.input.preprocessing, 64)
    compared, calibration = sample.split(4)
    model, _ = shrink_detector(
        onnx.load(detector), info, "int8", calibration, compared.read(), min_kept=0.0
    )
    onnx.save(model, detector.with_suffix(".int8.onnx"))


def show(seconds: dict[str, float]) -> None:
    """A table of photos per second, and our ratios."""
    ours, ideal = 1 / seconds["detect"], CORES / (seconds["decode"] + seconds["network"])
    parts = (seconds["decode_both"] + seconds["network"] + seconds["classifier"]) / CORES
    print("| | photos/s | | goal |\n|---|---|---|---|")
    print(f"| `ctc detect`, the whole command | {ours:.1f} | | |")
    share = f"{ours / ideal:.0%} of it"
    print(f"| ideal of {CORES} cores | {ideal:.1f} | {share} | {GOALS['ideal']:.0%} |")
    times = seconds["loop"] / seconds["detect"]
    loop = 1 / seconds["loop"]
    print(f"| Pillow and onnxruntime, a plain loop | {loop:.1f} | {times:.1f} times | 2 times |")
    both = seconds["both"] / parts
    print(
        f"| `ctc predict --detector`, a box per photo | {1 / seconds['both']:.1f} | {both:.2f} "
        f"times one decode and both networks | {GOALS['both']:g} times |"
    )
    print(f"| decoding alone, one core | {1 / seconds['decode']:.0f} | | |")
    print(f"| detector alone, one core | {1 / seconds['network']:.1f} | | |")
    gain = f"{seconds['network'] / seconds['int8']:.1f} times float32"
    print(f"| detector in int8, one core | {1 / seconds['int8']:.1f} | {gain} | 2 times |")
    print(f"| classifier alone, one core | {1 / seconds['classifier']:.0f} | | |")


if __name__ == "__main__":
    if sys.argv[1:2] == [PLAIN]:
        plain_loop(sys.argv[2], sys.argv[3:])
    else:
        main()
