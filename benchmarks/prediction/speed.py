"""How fast `ctc predict` is, how soon, and in how much memory: python -m
benchmarks.prediction.speed PHOTOS_DIR [--photos 2000] [--rounds 3] [--sparrow PYTHON]

PHOTOS_DIR: real photos, JPEGs of some megapixels, each linked as often as it takes. The ways take
turns, each in a process of its own, with the same photos and networks. The ideal is what the cores
could do if nothing but decoding and the network cost time. All have the byte code of their modules,
as pip installs it. PYTHON: an interpreter that has sparrow-engine, in an environment of its own:
python -m venv PLACE, PLACE/bin/pip install sparrow-engine."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.prediction.startup import with_byte_code
from benchmarks.serving.load import CTC, usable
from ctc.hardware import usable_cores

HERE = Path(__file__).parent
NETWORKS = ("resnet18", "mobilenet_v3_large")
GOALS = {"ideal": 0.88, "loop": 5.5, "sparrow": 4.0, "seed": 4.0, "int8": 2.5}
"""For MobileNetV3-large: the larger the network, the less it matters what else is done."""
GOAL_SECONDS = 0.6
SHORT, GOAL_SHORT = 200, 1.6
"""Photos of a short run; its time, over that at the rate of a long one."""
OTHERS = {
    "loop": "Pillow and onnxruntime, a plain loop",
    "sparrow": "Sparrow Engine",
    "seed": "TensorFlow and predict_on_batch",
}
SLOW_WAYS = 10
"""The ways other than ours see every tenth photo."""
CORES = usable_cores()


def link(photos: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """So many links to the photos, in turn."""
    folder.mkdir()
    links = [
        folder / f"{number:06}{photo.suffix}"
        for number, photo in zip(range(count), cycle(photos), strict=False)
    ]
    for name, photo in zip(links, cycle(photos), strict=False):
        name.symlink_to(photo.resolve())
    return links


def ctc_predict(model: Path, source: Path, output: Path) -> list[str]:
    return [*CTC, "predict", str(model), str(source), "--output", str(output), "--overwrite"]


def whole_command(model: Path, folder: Path, count: int) -> float:
    """Seconds per photo of `ctc predict`, from its start to its end."""
    start = time.perf_counter()
    subprocess.run(
        ctc_predict(model, folder, folder.parent / "p.csv"), check=True, stderr=subprocess.DEVNULL
    )
    return (time.perf_counter() - start) / count


def other_way(way: str, model: Path, photos: Sequence[Path]) -> float:
    """Seconds per photo of one of ways.py; NaN where it can't run."""
    return run_other([sys.executable, str(HERE / "ways.py"), way, str(model)], photos)


def sparrow(python: str | None, model: Path, photos: Sequence[Path]) -> float:
    """Seconds per photo of Sparrow Engine; NaN where it can't run, or without PYTHON."""
    if python is None:
        return float("nan")
    script, folder = HERE / "sparrow.py", model.with_suffix(".sparrow")
    return run_other([python, str(script), str(folder)], photos)


def run_other(command: list[str], photos: Sequence[Path]) -> float:
    """Run a command that prints the seconds per photo."""
    command = [*command, *map(str, photos)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet)
    return float(done.stdout.split()[-1]) if done.returncode == 0 else float("nan")


def measure(
    model: Path, links: Sequence[Path], short: Sequence[Path], rounds: int, python: str | None
) -> dict[str, float]:
    """Median seconds per photo of each way; the ways take turns, so that a busy machine slows all
    alike. `short`: the photos of a short run."""
    few = links[::SLOW_WAYS]
    int8 = model.with_suffix(".int8.onnx")
    times = [
        {
            "ctc": whole_command(model, links[0].parent, len(links)),
            "short": whole_command(model, short[0].parent, len(short)),
            "sparrow": sparrow(python, model, few),
            "int8": other_way("network", int8, few),
            **{
                way: other_way(way, model, few)
                for way in ("decode", "network", "loop", "seed", "openvino", "openvino bfloat16")
            },
        }
        for _ in range(rounds)
    ]
    return {way: median(one[way] for one in times) for way in times[0]}


def show(name: str, seconds: dict[str, float], photos: int) -> None:
    """A table of photos per second, and our ratios to them."""
    ours, ideal = 1 / seconds["ctc"], CORES / (seconds["decode"] + seconds["network"])
    print(f"\n### {name}\n\n| | photos/s | | goal |\n|---|---|---|---|")
    print(f"| `ctc predict`, the whole command | {ours:.0f} | | |")
    print(
        f"| ideal of {CORES} cores | {ideal:.0f} | {ours / ideal:.0%} of it | {GOALS['ideal']:.0%} "
        f"|"
    )
    for way, what in OTHERS.items():
        if seconds[way] == seconds[way]:
            times = seconds[way] / seconds["ctc"]
            print(f"| {what} | {1 / seconds[way]:.0f} | {times:.1f} times | {GOALS[way]:g} times |")
    steady = (photos * seconds["ctc"] - SHORT * seconds["short"]) / (photos - SHORT)
    print(
        f"| {SHORT} photos | {1 / seconds['short']:.0f} | {seconds['short'] / steady:.2f} times "
        f"their time at the rate of a long run | {GOAL_SHORT:g} times |"
    )
    print(f"| decoding alone, one core | {1 / seconds['decode']:.0f} | | |")
    print(f"| network alone, one core, float32 | {1 / seconds['network']:.0f} | | |")
    for way, goal in (
        ("int8", f"{GOALS['int8']:g} times"),
        ("openvino", ""),
        ("openvino bfloat16", ""),
    ):
        if seconds[way] == seconds[way]:
            gain = f"{seconds['network'] / seconds[way]:.1f} times float32"
            print(f"| network alone, one core, {way} | {1 / seconds[way]:.0f} | {gain} | {goal} |")


def first_prediction(model: Path, photo: Path, runs: int = 5) -> float:
    """Median seconds from the start of a command on one photo to its end."""
    with tempfile.TemporaryDirectory() as folder:
        one = link([photo], Path(folder) / "photos", 1)[0]
        return median(whole_command(model, one.parent, 1) for _ in range(runs))


def memory(model: Path, folder: Path, count: int) -> None:
    """Predict so many small photos and print how the memory grows after the first quarter."""
    small = folder / "small.jpg"
    Image.effect_noise((64, 48), 60).convert("RGB").save(small)
    links = link([small], folder / "small", count)
    start = time.perf_counter()
    running = subprocess.Popen(
        ctc_predict(model, links[0].parent, folder / "small.csv"), stderr=subprocess.DEVNULL
    )
    held = []
    while running.poll() is None:
        lines = Path(f"/proc/{running.pid}/status").read_text().splitlines()
        held += [
            (time.perf_counter() - start, int(line.split()[1]) / 1024)
            for line in lines
            if line.startswith("RssAnon:")
        ]
        time.sleep(0.25)
    table = np.array(held[len(held) // 4 :])
    photos = table[:, 0] / held[-1][0] * count
    slope = np.polyfit(photos, table[:, 1], 1)[0]
    print(
        f"\n{count:,} photos: {1e5 * slope:+.2f} MB per 100,000 photos, peak "
        f"{table[:, 1].max():.0f} MB"
    )


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
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small-photos", type=int, default=100_000)
    parser.add_argument("--sparrow", metavar="PYTHON")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    options = parser.parse_args()
    photos = usable(options.photos_dir)
    folder = Path(tempfile.mkdtemp())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update(with_byte_code(folder / "byte_code"))
    try:
        build = [sys.executable, str(HERE / "models.py"), str(folder), *map(str, photos)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        links = link(photos, folder / "photos", options.photos)
        short = link(photos, folder / "few", SHORT)
        print(
            f"{date.today()}, {processor()}, {CORES} cores, Python {platform.python_version()}, "
            f"{len(links):,} photos, load {os.getloadavg()[0]:.0f}"
        )
        for name in options.networks:
            model = folder / f"{name}.onnx"
            took = measure(model, links, short, options.rounds, options.sparrow)
            show(name, took, len(links))
            seconds = first_prediction(model, photos[0])
            print(f"\nfirst prediction after {seconds:.2f} s, goal {GOAL_SECONDS} s")
        if options.small_photos:
            memory(folder / "tiny.onnx", folder, options.small_photos)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
