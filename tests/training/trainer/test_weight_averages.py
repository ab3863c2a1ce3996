"""Averages of the weights: their formula on both backends, and what a training does with them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.training.model.npz_file import read_arrays
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints

pytestmark = pytest.mark.tensorflow

DECAY = 0.6
"""Reached after 14 updates."""

# prints, for 1 and 2 micro-batches, whether averages of weights and statistics follow the formula,
# after the first check also whether the swap and the way back keep all values
SCRIPT = """
import keras, numpy as np
from keras import ops
from ctc.training.model.losses import Criterion
from ctc.training.trainer.steps.compiled_steps import compiled_steps
from ctc.training.trainer.training_model import TrainingModel

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (4, 8, 8, 3), np.uint8)
data = images, {"x": np.array([0, 1, 1, 0], np.int32)}, {"x": np.full(4, 0.25, np.float32)}

def values(variables):
    return [np.array(ops.convert_to_numpy(one)) for one in variables]

for MIXED in ("float32", "mixed_bfloat16"):
    for ACCUMULATE in (1, 2):
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy(MIXED)
        inputs = keras.Input((8, 8, 3))
        x = keras.layers.BatchNormalization()(keras.layers.Rescaling(1 / 255)(inputs))
        x = keras.layers.Dense(2, dtype="float32")(keras.layers.Flatten()(x))
        network = keras.Model(inputs, {"x": x})
        model = TrainingModel(
            network, {"x": Criterion()}, ema_decay=DECAY, accumulation_steps=ACCUMULATE
        )
        steps = ACCUMULATE if ACCUMULATE > 1 else None
        optimizer = keras.optimizers.AdamW(0.1, gradient_accumulation_steps=steps)
        model.compile(optimizer, jit_compile=keras.backend.backend() == "jax")
        model.optimizer.build(model.trainable_variables)
        compiled = compiled_steps(model)
        expected, right = values(network.weights), True
        for step in range(1, 40):
            compiled.train(data)
            if step % ACCUMULATE == 0:
                compiled.sync()
                t = step // ACCUMULATE
                d = min(DECAY, (1 + t) / (10 + t))
                new = values(network.weights)
                expected = [d * a + (1 - d) * b for a, b in zip(expected, new, strict=True)]
                found = values(model.averages.variables)
                right = right and all(
                    np.allclose(a, b, rtol=1e-4, atol=1e-5)
                    for a, b in zip(found, expected, strict=True)
                )
        compiled.sync()
        weights, averages = values(network.weights), values(model.averages.variables)
        model.averages.swap()
        swapped = values(network.weights), values(model.averages.variables)
        model.averages.swap()
        again = values(network.weights)
        same = all(
            np.array_equal(a, b)
            for some, others in ((averages, swapped[0]), (weights, swapped[1]), (weights, again))
            for a, b in zip(some, others, strict=True)
        )
        differ = all(not np.allclose(a, b) for a, b in zip(weights, averages, strict=True))
        print(right, same, differ)
"""


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_averages_follow_the_formula(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", f"DECAY = {DECAY}\n{SCRIPT}"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True True True"] * 4


@pytest.fixture
def averaged(config):
    return replace(config, ema=DECAY, deterministic=True, epochs=2)


def _newest(run: Run) -> dict[str, np.ndarray]:
    newest = Checkpoints(run.checkpoints).latest()
    assert newest is not None
    return dict(newest.arrays)


def _section(arrays: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}/")]


def _assert_same(some: list[np.ndarray], others: list[np.ndarray]) -> None:
    assert some
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_keeps_averages_as_best_weights_and_trains_the_others(
    averaged, plugins_with_arrays, reporter
):
    result = train(replace(averaged, epochs=1), plugins_with_arrays, reporter)
    arrays, best = _newest(result.run), read_arrays(result.run.best_weights)[0]
    weights, averages = _section(arrays, "network"), _section(arrays, "averages")
    kept = _section(dict(best), "network")
    _assert_same(averages, kept)
    assert any(
        not np.allclose(weight, average)
        for weight, average in zip(weights[: len(averages)], averages, strict=True)
    )


def test_validation_measures_the_averages(averaged, plugins_with_arrays, reporter, tmp_path):
    """The same weights, validated as they are and averaged, have different losses."""
    with_averages = train(averaged, plugins_with_arrays, reporter)
    plain = replace(averaged, ema=None, output=str(tmp_path / "plain"))
    without = train(plain, plugins_with_arrays, reporter)
    for one, other in zip(with_averages.epochs, without.epochs, strict=True):
        assert one.training.loss == other.training.loss
        assert one.validation.loss != other.validation.loss


def test_resumed_training_with_averages_matches_undisturbed_one(
    averaged, plugins_with_arrays, array_loader, reporter, tmp_path
):
    array_loader.interrupt_at = (1, 1)
    with pytest.raises(KeyboardInterrupt):
        train(averaged, plugins_with_arrays, reporter)
    array_loader.interrupt_at = None
    resumed = resume(averaged, plugins_with_arrays, reporter)
    other = replace(averaged, output=str(tmp_path / "undisturbed"))
    undisturbed = train(other, plugins_with_arrays, reporter)
    one, two = _newest(resumed.run), _newest(undisturbed.run)
    for section in ("network", "averages", "optimizer"):
        _assert_same(_section(one, section), _section(two, section))
    kept, expected = (
        _section(dict(read_arrays(run.best_weights)[0]), "network")
        for run in (resumed.run, undisturbed.run)
    )
    _assert_same(kept, expected)


def test_signal_during_validation_saves_weights_and_not_averages(
    averaged, plugins_with_arrays, reporter, tmp_path, monkeypatch
):
    """A checkpoint that is written while the averages are in the network holds the same arrays."""
    from ctc.training.trainer.steps.train_step import ModelRunner

    taken: list[dict[str, np.ndarray]] = []
    eval_step = ModelRunner.eval_step

    def eval_and_take(self: ModelRunner, batch: object) -> object:
        taken.append(self.state_dict())
        with self.averaged_weights():
            taken.append(self.state_dict())
        return eval_step(self, batch)

    monkeypatch.setattr(ModelRunner, "eval_step", eval_and_take)
    result = train(replace(averaged, epochs=1), plugins_with_arrays, reporter)
    saved = _newest(result.run)
    for arrays in taken[:2]:
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, saved[name], err_msg=name)
