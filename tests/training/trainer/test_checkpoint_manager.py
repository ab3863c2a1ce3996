from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.errors import CtcError
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoint, Checkpoints
from ctc.training.trainer.steps.step_errors import NotANumberError

pytestmark = pytest.mark.tensorflow


def _newest(run: Run) -> Checkpoint:
    newest = Checkpoints(run.checkpoints).latest()
    assert newest is not None
    return newest


def _place(run: Run) -> tuple[int, int]:
    progress = _newest(run).train_state
    return progress["epoch"], progress["step"]


@contextmanager
def _small_files_only() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_restore_writes_missing_best_weights_again(
    config, one_epoch, after_one_epoch, plugins_with_arrays, reporter
):
    after_one_epoch.best_weights.unlink()
    assert (
        resume(replace(config, epochs=1), plugins_with_arrays, reporter).test.labels
        == one_epoch.test.labels
    )


def test_save_on_full_disk_is_one_error_and_keeps_checkpoint(
    config, after_one_epoch, plugins_with_arrays, reporter
):
    before = _place(after_one_epoch)
    with (
        _small_files_only(),
        pytest.raises(
            CtcError, match=r"can't be written: file too large; solve this, then resume with"
        ),
    ):
        resume(replace(config, epochs=2), plugins_with_arrays, reporter)
    assert _place(after_one_epoch) == before
    assert len(resume(replace(config, epochs=2), plugins_with_arrays, reporter).epochs) == 2


def test_infinite_loss_keeps_last_good_checkpoint(
    config, after_one_epoch, plugins_with_arrays, reporter
):
    message = (
        r"'species' is not a number after step \d of epoch 2: lower --learning-rate, "
        r"which is 1e\+30; resume with: .* 1e\+29"
    )
    with pytest.raises(NotANumberError, match=message):
        resume(replace(config, epochs=2, learning_rate=1e30), plugins_with_arrays, reporter)
    assert _place(after_one_epoch) == (1, 0)
    assert (
        len(
            resume(
                replace(config, epochs=2, learning_rate=0.01), plugins_with_arrays, reporter
            ).epochs
        )
        == 2
    )


def test_save_rejects_weights_that_are_not_finite(config, plugins_with_arrays, reporter):
    with pytest.raises(NotANumberError):
        train(
            replace(config, learning_rate=1e30, checkpoint_steps=1), plugins_with_arrays, reporter
        )
    kept = Checkpoints(Run(Path(config.output)).checkpoints).latest()
    assert all(np.isfinite(array).all() for array in (kept.arrays if kept else {}).values())
