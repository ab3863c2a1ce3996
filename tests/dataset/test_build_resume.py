"""Builds that are killed, run out of disk space or lose their photos: `--resume` completes them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.dataset import MANIFEST
from ctc.artifacts.inventory import Inventory
from ctc.dataset.folder import BUILD_STATE
from ctc.images import encode_jpeg

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

EVENTS = 200
CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
SMALL_FILES_ONLY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from ctc.cli import main
main(sys.argv[1:])
"""
STOP_WHILE_WRITING = """
import sys, time
from ctc.cli import main
from ctc.dataset import shard_tracker

kill_at, ready = int(sys.argv[1]), sys.argv[2]
count_event = shard_tracker.ShardTracker.count_event
events = 0

def count_and_stop(self, failures, new_failures):
    global events
    count_event(self, failures, new_failures)
    events += 1
    if events == kill_at:
        open(ready, "w").close()
        time.sleep(600)

shard_tracker.ShardTracker.count_event = count_and_stop
main(sys.argv[3:])
"""
"""Runs `ctc`; in the middle of a shard, at event number `kill_at`, creates a file and waits."""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 events with a noisy photo each."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(EVENTS):
        pixels = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
        (folder / f"{i}.jpg").write_bytes(encode_jpeg(pixels, 90))
    columns = {
        "event_id": [f"e{i}" for i in range(EVENTS)],
        "images": [[f"{i}.jpg"] for i in range(EVENTS)],
        "species": [["fox", "hare"][i % 2] for i in range(EVENTS)],
    }
    Inventory(pa.table(columns), ("species",), folder).write(folder / "inventory.parquet")
    return folder / "inventory.parquet"


def dataset_command(inventory: Path, output: Path, *more: str) -> list[str]:
    options = ["--smallest-side", "100", "--events-per-shard", "10", "--workers", "2"]
    return ["dataset", str(inventory), "--output", str(output), *options, *more]


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_while_writing(arguments: list[str], event: int, ready: Path) -> int:
    """Run `ctc`, kill it after so many further events, and return its exit code."""
    script = [sys.executable, "-c", STOP_WHILE_WRITING, str(event), str(ready)]
    with subprocess.Popen([*script, *arguments], stderr=subprocess.DEVNULL) as build:
        while not ready.exists() and build.poll() is None:
            time.sleep(0.01)
        build.kill()
    return build.returncode


@pytest.fixture(scope="module")
def expected(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a build without interruption."""
    output = tmp_path_factory.mktemp("whole") / "dataset"
    subprocess.run([*CTC, *dataset_command(inventory, output)], check=True)
    return read_files(output)


def test_build_killed_while_writing_resumes_to_same_bytes(
    inventory: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "killed"
    arguments = dataset_command(inventory, output, "--resume")
    shards_before = 0
    for run, event in enumerate((3, 25, 11, 58, 47)):
        code = kill_while_writing(arguments, event, tmp_path / f"ready{run}")
        assert code == (-9 if sys.platform != "win32" else 1)
        assert (output / BUILD_STATE).exists()
        assert not (output / MANIFEST).exists()
        assert list(output.glob(".*.tfrecord.*.partial"))  # a shard that was being written
        shards = len(list(output.glob("*.tfrecord")))
        assert shards == shards_before + event // 10
        shards_before = shards
    subprocess.run([*CTC, *arguments], check=True)
    assert read_files(output) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_build_reports_full_disk_in_one_line_and_resumes(
    inventory: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "full"
    arguments = [sys.executable, "-c", SMALL_FILES_ONLY, *dataset_command(inventory, output)]
    full = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr == (
        f"error: '{output}' can't be written: file too large; fix this and continue with --resume\n"
    )
    subprocess.run([*CTC, *dataset_command(inventory, output, "--resume")], check=True)
    assert read_files(output) == expected


def test_build_stops_at_max_failures_and_resumes(
    inventory: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    photos = sorted(inventory.parent.glob("*.jpg"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for photo in photos[:150]:
        photo.rename(elsewhere / photo.name)
    output = tmp_path / "out"
    options = ("--max-failures", "3")
    arguments = [*CTC, *dataset_command(inventory, output, *options)]
    stopped = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert "4 photos could not be used, --max-failures is 3" in stopped.stderr
    assert "no such file or directory" in stopped.stderr
    for photo in photos[:150]:
        (elsewhere / photo.name).rename(photo)
    subprocess.run([*CTC, *dataset_command(inventory, output, "--resume", *options)], check=True)
    assert read_files(output) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_interrupted_build_says_how_to_continue(inventory: Path, tmp_path: Path) -> None:
    output, ready = tmp_path / "stopped", tmp_path / "ready"
    arguments = dataset_command(inventory, output)
    script = [sys.executable, "-c", STOP_WHILE_WRITING, "25", str(ready), *arguments]
    with subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as build:
        while not ready.exists() and build.poll() is None:
            time.sleep(0.01)
        build.send_signal(signal.SIGINT)
        _, messages = build.communicate()
    assert build.returncode == 130
    assert messages.splitlines()[-2:] == [
        f"to continue '{output}', run the same command with --resume",
        "error: interrupted",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't stop a process")
def test_build_refuses_to_overwrite_build_that_is_stopped(
    inventory: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output, ready = tmp_path / "stopped", tmp_path / "ready"
    arguments = dataset_command(inventory, output)
    script = [sys.executable, "-c", STOP_WHILE_WRITING, "25", str(ready), *arguments]
    with subprocess.Popen(script, stderr=subprocess.DEVNULL) as build:
        while not ready.exists() and build.poll() is None:
            time.sleep(0.01)
        build.send_signal(signal.SIGSTOP)
        other = [*CTC, *dataset_command(inventory, output, "--overwrite")]
        refused = subprocess.run(other, capture_output=True, text=True, check=False)
        build.send_signal(signal.SIGCONT)
        build.kill()
    assert (refused.returncode, refused.stderr) == (
        1,
        (
            f"error: '{output}' is being written by another `ctc dataset`: "
            "wait for it, or choose another --output\n"
        ),
    )
    subprocess.run([*CTC, *dataset_command(inventory, output, "--resume")], check=True)
    assert read_files(output) == expected
