from __future__ import annotations

import os
import subprocess
import sys

import keras
import pytest

from ctc.training.model.layer_rates import MAX_GROUPS, layer_rates

pytestmark = pytest.mark.tensorflow


def _backbone(layers: int) -> keras.Model:
    values = images = keras.Input((4,))
    for _ in range(layers):
        values = keras.layers.Activation("relu")(keras.layers.Dense(4)(values))
    return keras.Model(images, values)


def test_layer_rates_fall_from_the_heads_down():
    backbone = _backbone(3)
    head = keras.layers.Dense(2)
    head.build((None, 4))
    rates = layer_rates(backbone, [*backbone.weights, *head.weights], 0.5)
    assert rates == [0.125, 0.125, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


def test_layer_rates_of_deep_backbone_have_twelve_groups():
    backbone = _backbone(24)
    rates = layer_rates(backbone, [layer.kernel for layer in backbone.layers[1::2]], 0.5)
    assert sorted(set(rates)) == [0.5**power for power in range(MAX_GROUPS, 0, -1)]
    assert rates == sorted(rates)
    assert all(rates.count(rate) == 2 for rate in rates)


def test_layer_rates_of_frozen_layers_keep_those_of_others():
    backbone = _backbone(3)
    backbone.layers[1].trainable = False
    assert layer_rates(backbone, backbone.trainable_variables, 0.5) == [0.25, 0.25, 0.5, 0.5]


# prints, per optimizer, whether each variable moved as with a learning rate of its own
SCRIPT = """
import keras, numpy as np
from keras import ops
from ctc.training.model.optimizers import make_optimizer

def variables():
    rng = np.random.default_rng(0)
    return [
        keras.Variable(rng.normal(size=(3, 2)).astype("float32"), name=name)
        for name in ("kernel", "bias", "b")
    ]

def move(optimizer, some):
    optimizer.build(some)
    rng = np.random.default_rng(1)
    for _ in range(4):
        gradients = [ops.convert_to_tensor(rng.normal(size=(3, 2)), "float32") for _ in range(3)]
        kept = [gradients[NUMBERS[one.name]] for one in some]
        optimizer.apply(kept, some)
    return [ops.convert_to_numpy(one) for one in some]

NUMBERS = {"kernel": 0, "bias": 1, "b": 2}
RATES = (0.1, 0.5, 1.0)
for name in ("sgd", "rmsprop", "adamw"):
    for accumulated in (1, 2):
        layered = make_optimizer(name, 0.01, 0.3, None, accumulated, RATES)
        moved = move(layered, variables())
        alone = [
            move(make_optimizer(name, 0.01 * rate, 0.3, None, accumulated), [one])[0]
            for rate, one in zip(RATES, variables())
        ]
        print(name, all(np.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(moved, alone)))
"""


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_optimizer_with_layer_rates_matches_optimizers_with_rates_of_their_own(backend):
    """Learning rate and weight decay; the bias has no decay."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    names = [name for name in ("sgd", "rmsprop", "adamw") for _ in range(2)]
    assert done.stdout.splitlines() == [f"{name} True" for name in names]
