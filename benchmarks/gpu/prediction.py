"""Stages of checks.py: the network on CUDA, the whole of `ctc predict`, and photos decoded on the
GPU.

On a CPU DALI's CPU operators stand for those of the GPU, in the same graph."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.checks import ON_CPU, Inputs, goal, rate, say, verdict
from ctc.hardware import usable_cores

RATE_GOAL = 2000
PROVIDER = "cpu" if ON_CPU else "cuda"
MAX_GREY_LEVELS, MAX_DIFFERENCE = 3.0, 0.1
"""Largest mean difference of a photo's pixels, and of its probabilities, from those of the CPU.

With DALI on the CPU, 12 camera-trap photos differ by 0.5 to 2.0 grey levels, and the probabilities
of an ImageNet network for 130 photos by 0.05 at most.
"""


def network(inputs: Inputs) -> None:
    """The network on CUDA beside the CPU's answers, and its speed by batch size."""
    if inputs.model is None:
        say("no --model")
        return
    from ctc.runtime.config import RuntimeConfig
    from ctc.runtime.session import load_model

    host = load_model(inputs.model, RuntimeConfig(provider="cpu"))
    device = load_model(inputs.model, RuntimeConfig(provider=PROVIDER))
    size = host.info.preprocessing.height, host.info.preprocessing.width, 3
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (32, *size), np.uint8)
    expected, found = host.predict(images), device.predict(images)
    off = max(float(np.abs(expected[label] - found[label]).max()) for label in expected)
    verdict(off < 1e-4, f"{PROVIDER} and cpu differ by {off:.1e}")
    for count in (16,) if ON_CPU else (16, 64, 128, 256):
        images = random.integers(0, 256, (count, *size), np.uint8)

        def run(images: np.ndarray = images) -> int:
            device.predict(images)
            return len(images)

        say(f"{inputs.model.name} on {PROVIDER} @{count}: {rate(run):,.0f} photos/s")


def predict(inputs: Inputs) -> None:
    """The whole command, on links to the photos."""
    if inputs.model is None:
        say("no --model")
        return
    from benchmarks.prediction.speed import ctc_predict, link

    photos = [path for path in sorted(inputs.photos.iterdir()) if path.suffix.lower() == ".jpg"]
    count = 24 if ON_CPU else 12_000
    with tempfile.TemporaryDirectory() as folder:
        link(photos, Path(folder) / "photos", count)
        command = ctc_predict(inputs.model, Path(folder) / "photos", Path(folder) / "p.csv")
        start = time.perf_counter()
        done = subprocess.run([*command, "--provider", PROVIDER], capture_output=True, text=True)
        found = count / (time.perf_counter() - start)
    if done.returncode not in (0, 3):
        raise RuntimeError(done.stderr[-800:])
    goal(found >= RATE_GOAL, f"ctc predict: {found:,.0f} photos/s (goal {RATE_GOAL:,})")


def decoder(inputs: Inputs) -> None:
    """Photos decoded for a prediction: their pixels beside the CPU's, and the speed by the share
    that the hardware decodes."""
    from ctc.artifacts.model.preprocessing import Preprocessing
    from ctc.images import decode, to_model_input
    from ctc.images.metadata.photo_header import read_photo_header
    from ctc.inference.gpu_decode import graph
    from ctc.inference.gpu_decode.decoder import GpuDecoder
    from ctc.inference.gpu_decode.device import DaliDevice

    preprocessing, size = Preprocessing(224, 224), 12 if ON_CPU else 256
    jpegs, device = inputs.jpegs(), DaliDevice() if ON_CPU else DaliDevice(gpu=0)
    images = np.zeros((size, 224, 224, 3), np.uint8)

    def open_decoder() -> GpuDecoder:
        return GpuDecoder(preprocessing, size, usable_cores(), device)

    opened = open_decoder()
    photos = [opened.accept(jpeg, read_photo_header(jpeg)) for jpeg in jpegs][:size]
    found = opened.decode(photos, images[: len(photos)])
    if found is None:
        raise RuntimeError("DALI decodes nothing")
    off = [
        np.abs(image.astype(np.int16) - to_model_input(decode(jpeg, (224, 224)), preprocessing))
        for image, jpeg, photo in zip(on_host(found), jpegs, photos, strict=False)
        if photo
    ]
    worst = max(one.mean() for one in off)
    verdict(worst < MAX_GREY_LEVELS, f"{len(off)} photos, at most {worst:.2f} grey levels off")
    good = [photo for photo in photos if photo]
    batch = [good[number % len(good)] for number in range(size)]
    usual = graph.HW_DECODER_LOAD
    for share in (usual,) if ON_CPU else (0.0, 0.5, 0.65, 0.75, 0.9, 1.0):
        graph.HW_DECODER_LOAD, opened = share, open_decoder()

        def run(opened: GpuDecoder = opened) -> int:
            return len(opened.decode(batch, images) or ())

        say(f"decoded for a prediction @{size}, hardware share {share}: {rate(run):,.0f} photos/s")
    graph.HW_DECODER_LOAD = usual


def on_host(images: Any) -> Any:
    """Return a copy of `DeviceImages` on the host."""
    tensor = images.owner
    return np.asarray(tensor if ON_CPU else tensor.as_cpu())


def predict_decode(inputs: Inputs) -> None:
    """The pipeline with photos decoded on the CPU and on the GPU: answers, speed, cores."""
    if inputs.model is None:
        say("no --model")
        return
    from benchmarks.prediction.speed import link
    from ctc.runtime.config import RuntimeConfig
    from ctc.runtime.session import load_model

    runtime = RuntimeConfig(
        provider=PROVIDER, batch_size=8 if ON_CPU else 256, threads=usable_cores()
    )
    model = load_model(inputs.model, runtime)
    photos = [path for path in sorted(inputs.photos.iterdir()) if path.suffix.lower() == ".jpg"]
    (expected, failed), (found, failed_too) = (
        answers(model, photos, decode) for decode in ("cpu", "gpu")
    )
    verdict(failed == failed_too, f"the same photos fail: {len(failed)}")
    off = max(float(np.abs(found[path] - values).max()) for path, values in expected.items())
    verdict(off < MAX_DIFFERENCE, f"probabilities of {len(found)} photos differ by {off:.3f}")
    with tempfile.TemporaryDirectory() as folder:
        links = link(photos, Path(folder) / "photos", 24 if ON_CPU else 12_000)
        for decode in ("cpu", "gpu"):
            start, processor = time.perf_counter(), time.process_time()
            answers(model, links, decode)
            seconds = time.perf_counter() - start
            cores = (time.process_time() - processor) / seconds
            reached = f"photos decoded on '{decode}': {len(links) / seconds:,.0f} photos/s"
            goal(len(links) / seconds >= RATE_GOAL, f"{reached}, {cores:.1f} cores")


def answers(
    model: Any, photos: Sequence[Path], decode: Any
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return all probabilities by photo, and the photos that failed."""
    from ctc.inference.classification import predict as run
    from ctc.inference.events.event import Event
    from ctc.inference.gpu_decode.device import DaliDevice
    from ctc.inference.pipeline import pipeline
    from ctc.inference.postprocess import make_postprocessor
    from ctc.plugin import Aggregation

    if ON_CPU:
        pipeline.decoder_device = lambda *_: DaliDevice()
    events = (Event(str(path), (str(path),), {}) for path in photos)
    mean = Aggregation("mean", "", lambda values: values.mean(axis=0))
    config = pipeline.PipelineConfig(model.runtime, decode=decode)
    found, failed = {}, []
    for result in run(model, make_postprocessor(model.info), events, mean, config):
        if result.prediction is None:
            failed.append(result.event_id)
        else:
            found[result.event_id] = np.concatenate(list(result.prediction.probabilities.values()))
    return found, failed
