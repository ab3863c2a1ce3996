"""Stages of gpu.py: the network on CUDA, and the whole of `ctc predict`."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from gpu import ON_CPU, Inputs, rate, say, verdict

RATE_GOAL = 2000
PROVIDER = "cpu" if ON_CPU else "cuda"


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
    from predict import ctc_predict, link

    photos = [path for path in sorted(inputs.photos.iterdir()) if path.suffix.lower() == ".jpg"]
    count = 24 if ON_CPU else 12_000
    with tempfile.TemporaryDirectory() as folder:
        link(photos, Path(folder) / "photos", count)
        command = ctc_predict(inputs.model, Path(folder) / "photos", Path(folder) / "p.csv")
        start = time.perf_counter()
        done = subprocess.run([*command, "--provider", PROVIDER], capture_output=True, text=True)
        found = count / (time.perf_counter() - start)
    good = done.returncode in (0, 3) and (ON_CPU or found >= RATE_GOAL)
    verdict(good, f"ctc predict: {found:,.0f} photos/s (goal {RATE_GOAL:,})")
