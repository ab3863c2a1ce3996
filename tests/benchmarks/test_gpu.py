"""The checks for a GPU run through on a CPU, so that they are ready when there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
QUICK_STAGES = ("decode", "load", "large_photos", "network", "predict", "decoder", "predict_decode")
"""The others compile networks, and take a minute each."""
PHOTOS = ("african_elephants.jpg", "human.jpg", "ocelot.jpg")

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]


def run_stages(*arguments: object, stages: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    chosen = [word for stage in stages for word in ("--stage", stage)]
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu.checks", *map(str, arguments), *chosen],
        cwd=CHECKOUT,
        env={**os.environ, "CTC_CHECK_CPU": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_stages_complete_on_a_cpu(
    tiny_dataset: Callable[..., object],
    build_model: Callable[..., Path],
    shared: Path,
    tmp_path: Path,
) -> None:
    pytest.importorskip(
        "nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]"
    )
    tiny_dataset({"train": 64, "val": 4, "test": 4})
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in PHOTOS:
        (photos / name).symlink_to(shared / "data/camera-trap-photos" / name)
    model = build_model(size=(224, 224))
    done = run_stages(tmp_path / "dataset", photos, "--model", model, stages=QUICK_STAGES)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.endswith(" s")] == list(QUICK_STAGES)
    assert [line for line in lines if line.startswith("BAD")] == []
    assert sum(line.startswith("OK ") for line in lines) >= 5


def test_stage_that_fails_is_named(tmp_path: Path) -> None:
    done = run_stages(tmp_path, tmp_path, stages=("large_photos",))
    assert done.returncode == 1
    assert "BAD large_photos: " in done.stdout
    assert done.stderr == "these stages did not complete: large_photos\n"
