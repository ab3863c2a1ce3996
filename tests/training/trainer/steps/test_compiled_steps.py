"""Keras's compiled steps, called directly, do what `train_on_batch` does, to the bit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.subprocess, pytest.mark.slow]

# prints the largest difference of a weight, and whether the evaluations are equal
SCRIPT = """
import keras, numpy as np
from ctc.training.trainer.steps.compiled_steps import compiled_steps
from ctc.training.trainer.training_model import TrainingModel
from ctc.training.model.losses import Criterion

images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
labels = {"x": np.array([0, 1, 1, -1], np.int32)}
weights = {"x": np.full(4, 0.25, np.float32)}
RATES = (0.1, 0.1, 0.05, 0.2)

def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Dropout(0.2)(keras.layers.BatchNormalization()(x))
    x = keras.layers.Dense(2)(keras.layers.Flatten()(x))
    built = TrainingModel(keras.Model(inputs, {"x": x}), {"x": Criterion()})
    optimizer = keras.optimizers.AdamW(0.1)
    if MIXED:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    built.compile(optimizer, jit_compile=keras.backend.backend() == "jax")
    built.optimizer.build(built.trainable_variables)
    return built

for MIXED in (False, True):
    one, other = model(), model()
    steps = compiled_steps(other)
    logs = []
    for rate in RATES:
        one.optimizer.learning_rate = rate
        expected = one.train_on_batch(images, labels, weights, return_dict=True)
        steps.set_learning_rate(rate)
        logs.append((expected, steps.train((images, labels, weights))))
    same = all(np.allclose(a[k], b[k], rtol=0, atol=0) for a, b in logs for k in a)
    wanted = one.test_on_batch(images, labels, return_dict=True)
    found = steps.evaluate((images, labels, None))
    same = same and all(np.array_equal(wanted[k], np.asarray(found[k])) for k in wanted)
    one.train_on_batch(images, labels, weights)
    steps.train((images, labels, weights))
    steps.sync()
    variables = [*zip(one.logits_model.variables, other.logits_model.variables, strict=True),
                 *zip(one.optimizer.variables, other.optimizer.variables, strict=True)]
    read = keras.ops.convert_to_numpy
    worst = max(np.abs(read(a).astype(float) - read(b)).max() for a, b in variables)
    rate = float(read(other.optimizer.learning_rate))
    print(same, worst, round(rate, 6))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_compiled_steps_match_train_on_batch(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True 0.0 0.2", "True 0.0 0.2"]
