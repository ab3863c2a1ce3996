"""Killed, out of disk, or with the disk gone: what is left is nothing, or something that --resume
makes whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.dataset import MANIFEST
from ctc.artifacts.inventory import Inventory
from ctc.dataset.build import BUILD_STATE
from ctc.images import encode_jpeg

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
SMALL_FILES_ONLY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from ctc.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 events with a noisy photo each."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(200):
        pixels = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
        (folder / f"{i}.jpg").write_bytes(encode_jpeg(pixels, 90))
    columns = {
        "event_id": [f"e{i}" for i in range(200)],
        "images": [[f"{i}.jpg"] for i in range(200)],
        "species": [["fox", "hare"][i % 2] for i in range(200)],
    }
    Inventory(pa.table(columns), ("species",), folder).write(folder / "inventory.parquet")
    return folder / "inventory.parquet"


def command(inventory: Path, output: Path, *more: str) -> list[str]:
    options = ["--smallest-side", "100", "--events-per-shard", "10", "--workers", "2"]
    return ["dataset", str(inventory), "--output", str(output), *options, *more]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a build that nothing disturbed."""
    output = tmp_path_factory.mktemp("whole") / "dataset"
    subprocess.run([*CTC, *command(inventory, output)], check=True)
    return contents(output)


def test_killed_again_and_again_it_resumes_to_the_same_bytes(
    inventory: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "killed"
    chance = random.Random(0)
    for _ in range(5):
        build = subprocess.Popen(
            [*CTC, *command(inventory, output, "--resume")], stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not output.exists() and build.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.15))
        build.kill()
        _, told = build.communicate()
        assert build.returncode == -9 or (build.returncode in (0, 2) and "Traceback" not in told)
    if (output / BUILD_STATE).exists() or not (output / MANIFEST).exists():
        subprocess.run([*CTC, *command(inventory, output, "--resume")], check=True)
    assert {name: data for name, data in contents(output).items() if name in whole} == whole


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_costs_one_line_and_can_be_resumed(
    inventory: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "full"
    arguments = [sys.executable, "-c", SMALL_FILES_ONLY, *command(inventory, output)]
    full = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert (
        full.stderr
        == f"error: '{output}' can't be written: file too large; mend that and go on with --resume\n"
    )
    subprocess.run([*CTC, *command(inventory, output, "--resume")], check=True)
    assert contents(output) == whole


def test_when_the_disk_has_gone_away_it_stops_and_can_be_resumed(
    inventory: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    photos = sorted(inventory.parent.glob("*.jpg"))
    gone = tmp_path / "unplugged"
    gone.mkdir()
    for photo in photos[:150]:
        photo.rename(gone / photo.name)
    output = tmp_path / "out"
    arguments = [*CTC, *command(inventory, output, "--max-failures", "3")]
    stopped = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert "4 photos could not be used, --max-failures is 3" in stopped.stderr
    assert "no such file or directory" in stopped.stderr
    for photo in photos[:150]:
        (gone / photo.name).rename(photo)
    subprocess.run(
        [*CTC, *command(inventory, output, "--resume", "--max-failures", "3")], check=True
    )
    assert contents(output) == whole
