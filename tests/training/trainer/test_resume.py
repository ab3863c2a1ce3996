"""Resume after kills and signals: the weights are those of an uninterrupted run."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoint, Checkpoints

pytestmark = pytest.mark.tensorflow


KILLS = 10


def _newest(run: Run) -> Checkpoint:
    newest = Checkpoints(run.checkpoints).latest()
    assert newest is not None
    return newest


def _place(run: Run) -> tuple[int, int]:
    progress = _newest(run).train_state
    return progress["epoch"], progress["step"]


def _assert_same_numbers(one: Run, other: Run) -> None:
    first, second = _newest(one), _newest(other)
    assert _place(one) == _place(other)
    assert len(first.arrays) == len(second.arrays)
    for (name, array), again in zip(first.arrays.items(), second.arrays.values(), strict=True):
        np.testing.assert_array_equal(array, again, err_msg=name)


def _columns(history: Path) -> list[list[str]]:
    """Without the last four, which depend on time."""
    return [row.split(",")[:-4] for row in history.read_text().splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_resume_after_ten_kills_reaches_weights_of_undisturbed_run(tiny_dataset, tmp_path):
    dataset = tiny_dataset({"train": 24, "val": 6, "test": 6})
    script = Path(__file__).with_name("killed_training.py")
    arguments = [sys.executable, str(script), str(dataset.folder), str(tmp_path), str(KILLS)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    undisturbed, killed = Run(tmp_path / "undisturbed"), Run(tmp_path / "killed")
    _assert_same_numbers(undisturbed, killed)
    assert _columns(undisturbed.history) == _columns(killed.history)
    assert {path.name for path in killed.folder.rglob("*")} == {
        path.name for path in undisturbed.folder.rglob("*")
    }


@pytest.fixture
def deterministic(config):
    return replace(config, deterministic=True, epochs=2)


def test_trainer_saves_checkpoint_and_resume_hint_on_ctrl_c(
    deterministic, plugins_with_arrays, array_loader, reporter, tmp_path
):
    array_loader.interrupt_at = (0, 2)
    with pytest.raises(KeyboardInterrupt):
        train(deterministic, plugins_with_arrays, reporter)
    run = Run(Path(deterministic.output))
    assert reporter.infos[-1] == f"resume with: ctc train --resume {run.folder}"
    assert _place(run) == (0, 3)
    assert all(stream.closed for stream in array_loader.streams)
    array_loader.interrupt_at = None
    resume(deterministic, plugins_with_arrays, reporter)
    undisturbed = train(
        replace(deterministic, output=str(tmp_path / "undisturbed")), plugins_with_arrays, reporter
    )
    _assert_same_numbers(run, undisturbed.run)


def test_trainer_saves_checkpoint_and_exits_on_sigterm(
    deterministic, plugins_with_arrays, array_loader, reporter
):
    array_loader.interrupt_at, array_loader.signal = (1, 0), signal.SIGTERM
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with pytest.raises(SystemExit, match="143"):
            train(deterministic, plugins_with_arrays, reporter)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert _place(Run(Path(deterministic.output))) == (1, 1)
