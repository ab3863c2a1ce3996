"""What of ctc only a GPU can show: python -m benchmarks.gpu.checks DATASET PHOTOS_DIR [--model
MODEL] [--stage STAGE]…

DATASET: records with a label and at least 1,000 photos of 500 px in the split train. PHOTOS_DIR:
JPEGs of about 4 megapixels. Needs JAX (KERAS_BACKEND=jax) or TensorFlow on the GPU, and DALI. Each
stage is a process of its own with a limit of time, and prints a line a result, which begins with OK
or BAD where there is something to hold, and in the end a line of the stages that failed. With
CTC_CHECK_CPU=1 the stages run on the CPU, with little work: that tries the scripts, and goals of
speed are then shown with -- instead."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ON_CPU = os.environ.get("CTC_CHECK_CPU") == "1"
SECONDS = 1.0 if ON_CPU else 4.0
MODULE = "benchmarks.gpu.checks"


@dataclass(frozen=True)
class Inputs:
    """What the stages work on."""

    dataset: Path
    photos: Path
    model: Path | None

    def jpegs(self) -> list[bytes]:
        """The sound JPEGs that are stored upright."""
        from ctc.errors import ImageError
        from ctc.images import decode, is_jpeg, oriented_size

        found = []
        for path in sorted(path for path in self.photos.iterdir() if path.is_file()):
            data = path.read_bytes()
            try:
                if is_jpeg(data) and oriented_size(data)[2]:
                    decode(data)
                    found.append(data)
            except ImageError as error:
                say(f"left out: {path.name}: {error}")
        return found


def say(*words: object) -> None:
    print(*words, flush=True)


def verdict(good: bool, what: str) -> None:
    """Say whether something holds, on a CPU too."""
    say("OK " if good else "BAD", what)


def goal(reached: bool, what: str) -> None:
    """Say whether a GPU reaches something, which a CPU need not."""
    say("-- " if ON_CPU else "OK " if reached else "BAD", what)


def rate(work: Callable[[], int], warm_up: int = 3, finish: Callable[[], object] = int) -> float:
    """Things a second of calls of `work`, each of which returns how many it did."""
    for _ in range(1 if ON_CPU else warm_up):
        work()
    finish()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        done += work()
    finish()
    return done / (time.perf_counter() - start)


def machine(_: Inputs) -> None:
    """The GPU, the driver's libraries, and what Keras and ctc see of them."""
    from ctc.doctor.gpu import check_gpu
    from ctc.hardware import cpu_quota, has_hardware_jpeg_decoder, nvidia_gpus, usable_cores
    from ctc.training.distributed.backend import device_names, library_versions, start_backend

    say("cores", usable_cores(), "quota", cpu_quota())
    decoder = has_hardware_jpeg_decoder()
    say(check_gpu(nvidia_gpus(), decoder).text)
    goal(decoder, f"libnvcuvid, which the hardware JPEG decoder needs, is there: {decoder}")
    start_backend()
    say(library_versions(), device_names())
    from ctc_plugins.loaders.dali.device import default_device

    goal(default_device().gpu == 0, f"the loader dali works on {default_device()}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path, help="an exported model, for network and predict")
    parser.add_argument("--stage", action="append", choices=LIMITS, help="by default all")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


LIMITS = {
    "machine": 120,
    "parity": 300,
    "step": 400,
    "fed": 400,
    "decode": 120,
    "graph": 200,
    "handover": 120,
    "load": 300,
    "large_photos": 120,
    "network": 200,
    "predict": 300,
    "decoder": 200,
    "predict_decode": 300,
}
"""The stages, with the seconds after which each is stopped."""


def stages() -> Iterator[tuple[str, Callable[[Inputs], Any]]]:
    from benchmarks.gpu import loading, prediction, training

    yield "machine", machine
    for module in (training, loading, prediction):
        yield from ((name, getattr(module, name)) for name in LIMITS if hasattr(module, name))


def main() -> None:
    options = parse()
    inputs = Inputs(options.dataset, options.photos, options.model)
    if options.inside:
        dict(stages())[options.stage[0]](inputs)
        return
    failed = []
    for stage in options.stage or LIMITS:
        start = time.perf_counter()
        say(f"== {stage}")
        model = ["--model", str(options.model)] if options.model else []
        given = [str(options.dataset), str(options.photos), *model]
        command = ["-m", MODULE, *given, "--stage", stage]
        try:
            done = subprocess.run(
                [sys.executable, "-u", *command, "--inside"],
                timeout=LIMITS[stage] * (10 if ON_CPU else 1),
                stderr=subprocess.PIPE,
                text=True,
            )
        except subprocess.TimeoutExpired:
            say(f"BAD {stage}: longer than {LIMITS[stage]} s")
            failed.append(stage)
            continue
        if done.returncode:
            say(f"BAD {stage}: {' | '.join(done.stderr.strip().splitlines()[-6:])}")
            failed.append(stage)
        say(f"== {stage} took {time.perf_counter() - start:.0f} s")
    if failed:
        raise SystemExit(f"these stages did not complete: {', '.join(failed)}")


def losses_of(inputs: Inputs, platform: str, precision: str) -> list[float]:
    """The losses of the first steps of a training on a platform, in a process of its own."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": platform,
        "JAX_DEFAULT_MATMUL_PRECISION": "highest" if precision == "none" else "default",
    }
    if platform == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    command = [sys.executable, "-m", "benchmarks.gpu.training", str(inputs.dataset), precision]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
