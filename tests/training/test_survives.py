"""Killed, interrupted, out of disk, out of memory or out of numbers: a training goes on, or leaves
what can go on."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoint, Checkpoints
from ctc.training.trainer.run_batches import NotANumberError

KILLS = 20
FITS = 6  # photos


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
    """Without the three that tell of time."""
    return [row.split(",")[:-3] for row in history.read_text().splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_twenty_times_it_reaches_the_weights_of_an_undisturbed_run(tiny_dataset, tmp_path):
    dataset = tiny_dataset({"train": 24, "val": 6, "test": 6})
    script = Path(__file__).with_name("survivor.py")
    arguments = [sys.executable, str(script), str(dataset.folder), str(tmp_path), str(KILLS)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    whole, killed = Run(tmp_path / "whole"), Run(tmp_path / "killed")
    _assert_same_numbers(whole, killed)
    assert _columns(whole.history) == _columns(killed.history)
    assert {path.name for path in killed.folder.rglob("*")} == {
        path.name for path in whole.folder.rglob("*")
    }


@pytest.fixture
def deterministic(config):
    return replace(config, deterministic=True, epochs=2)


def test_ctrl_c_saves_where_it_stands_and_says_how_to_go_on(
    deterministic, plugins_with_arrays, array_loader, notes, tmp_path
):
    array_loader.interrupt_at = (0, 2)
    with pytest.raises(KeyboardInterrupt):
        train(deterministic, plugins_with_arrays, notes)
    run = Run(Path(deterministic.output))
    assert notes.lines[-1] == f"go on with: ctc train --resume '{run.folder}'"
    assert _place(run) == (0, 3)
    assert all(stream.closed for stream in array_loader.streams)
    array_loader.interrupt_at = None
    resume(deterministic, plugins_with_arrays, notes)
    whole = train(
        replace(deterministic, output=str(tmp_path / "whole")), plugins_with_arrays, notes
    )
    _assert_same_numbers(run, whole.run)


def test_sigterm_saves_and_leaves_as_it_would_have(
    deterministic, plugins_with_arrays, array_loader, notes
):
    array_loader.interrupt_at, array_loader.signal = (1, 0), signal.SIGTERM
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with pytest.raises(SystemExit, match="143"):
            train(deterministic, plugins_with_arrays, notes)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert _place(Run(Path(deterministic.output))) == (1, 1)


def test_a_run_that_is_over_goes_on_with_more_epochs(
    config, after_one_epoch, plugins_with_arrays, notes
):
    result = resume(replace(config, epochs=2), plugins_with_arrays, notes)
    assert [epoch.index for epoch in result.epochs] == [0, 1]


def test_a_run_that_is_over_only_looks_at_the_test_split_again(
    config, one_epoch, after_one_epoch, plugins_with_arrays, notes
):
    after_one_epoch.test_scores.unlink()
    again = resume(replace(config, epochs=1), plugins_with_arrays, notes)
    assert again.test.labels == one_epoch.test.labels
    assert again.run.test_scores.exists()


def test_best_weights_lost_in_the_last_moment_are_made_again(
    config, one_epoch, after_one_epoch, plugins_with_arrays, notes
):
    after_one_epoch.best_weights.unlink()
    assert (
        resume(replace(config, epochs=1), plugins_with_arrays, notes).test.labels
        == one_epoch.test.labels
    )


def test_other_options_are_refused_when_it_goes_on(
    config, after_one_epoch, plugins_with_arrays, notes
):
    with pytest.raises(UsageError, match="began with 0 as 'seed', not 1: leave that option out"):
        resume(replace(config, epochs=1, seed=1), plugins_with_arrays, notes)


def test_another_dataset_is_refused_when_it_goes_on(
    config, after_one_epoch, plugins_with_arrays, tiny_dataset, notes
):
    other = str(tiny_dataset({"train": 12, "val": 5}, name="other").folder)
    with pytest.raises(UsageError, match="is not the dataset that"):
        resume(replace(config, epochs=2, dataset=other), plugins_with_arrays, notes)


def test_a_damaged_checkpoint_is_passed_over(config, plugins_with_arrays, notes):
    run = train(replace(config, epochs=2), plugins_with_arrays, notes).run
    older, newer = sorted(run.checkpoints.iterdir())
    newer.write_bytes(newer.read_bytes()[:5000])
    assert _newest(run).path == older
    older.write_bytes(b"")
    with pytest.raises(InputError, match="is damaged"):
        resume(replace(config, epochs=2), plugins_with_arrays, notes)


@contextmanager
def _small_files_only() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_line_and_spoils_nothing(
    config, after_one_epoch, plugins_with_arrays, notes
):
    before = _place(after_one_epoch)
    with (
        _small_files_only(),
        pytest.raises(
            CtcError, match=r"can't be written: file too large; mend that and go on with"
        ),
    ):
        resume(replace(config, epochs=2), plugins_with_arrays, notes)
    assert _place(after_one_epoch) == before
    assert len(resume(replace(config, epochs=2), plugins_with_arrays, notes).epochs) == 2


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    config, after_one_epoch, plugins_with_arrays, notes
):
    told = r"'species' is not a number after step \d of epoch 2: lower --learning-rate, which is 1e\+30; go on with: .* 1e\+29"
    with pytest.raises(NotANumberError, match=told):
        resume(replace(config, epochs=2, learning_rate=1e30), plugins_with_arrays, notes)
    assert _place(after_one_epoch) == (1, 0)
    assert (
        len(
            resume(replace(config, epochs=2, learning_rate=0.01), plugins_with_arrays, notes).epochs
        )
        == 2
    )


def test_weights_that_are_no_numbers_are_no_checkpoint(config, plugins_with_arrays, notes):
    with pytest.raises(NotANumberError):
        train(replace(config, learning_rate=1e30, checkpoint_steps=1), plugins_with_arrays, notes)
    kept = Checkpoints(Run(Path(config.output)).checkpoints).latest()
    assert all(np.isfinite(array).all() for array in (kept.arrays if kept else {}).values())


class Greedy(keras.layers.Layer):
    """Stands for a device on which six photos fit, and no more."""

    def call(self, images):
        from tensorflow import errors

        if (images.shape[0] or 0) > FITS:
            raise errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return images


def _greedy(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape)
    features = keras.layers.Conv2D(8, 3, strides=2)(Greedy()(images))
    return keras.Model(images, keras.layers.GlobalMaxPooling2D()(features))


@pytest.fixture
def plugins_with_greed(plugins_with_arrays) -> Plugins:
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    found = LoadedRecord(
        kind, Backbone("greedy", "", (16, 16), _greedy), Owner("greedy", "tests", "1")
    )
    return Plugins([*plugins_with_arrays.found, found])


def test_what_does_not_fit_the_memory_is_taken_in_parts(config, plugins_with_greed, notes):
    greedy = replace(config, backbone="greedy", epochs=1)
    result = train(greedy, plugins_with_greed, notes)
    assert notes.warnings == [
        "out of memory: each batch of 12 is now taken in 2 parts, which learns the same"
    ]
    assert _newest(result.run).train_state["parts"] == 2
    resume(replace(greedy, epochs=2), plugins_with_greed, notes)
    assert len(notes.warnings) == 1


def test_what_does_not_fit_even_alone_is_an_error(config, plugins_with_greed, notes, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "FITS", 0)
    with pytest.raises(
        CtcError, match="out of memory even with one photo at a time: take smaller --height"
    ):
        train(replace(config, backbone="greedy", batch_size=2), plugins_with_greed, notes)
