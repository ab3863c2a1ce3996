"""Compiled steps: on a GPU by TensorFlow too, with kernels that the installed wheel contains."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

from ctc.plugin import Batch
from ctc.plugin.manager import plugins
from ctc.training.config import TrainingConfig
from ctc.training.plan import resolve_plan
from ctc.training.trainer.steps import train_step
from ctc.training.trainer.steps.train_step import ModelRunner, should_jit_compile

pytestmark = pytest.mark.tensorflow

XLA_GPU = "XLA_GPU_JIT"
# ops without a kernel: XLA inlines calls of functions, and arguments are not computed
_INLINED = {"PartitionedCall", "Placeholder", "StatefulPartitionedCall"}


def _use_devices(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: list(names))


@pytest.mark.parametrize(
    ("device", "deterministic", "expected"),
    [("gpu:0", False, True), ("gpu:0", True, False), ("cpu:0", False, False)],
)
def test_should_jit_compile_tensorflow(monkeypatch, device, deterministic, expected):
    _use_devices(monkeypatch, device)
    monkeypatch.setattr(train_step.sys, "platform", "linux")
    assert should_jit_compile(deterministic=deterministic) is expected


def test_should_jit_compile_leaves_gpus_of_apple_uncompiled(monkeypatch):
    _use_devices(monkeypatch, "gpu:0")
    monkeypatch.setattr(train_step.sys, "platform", "darwin")
    assert not should_jit_compile(deterministic=False)


@pytest.mark.parametrize("deterministic", [False, True])
def test_should_jit_compile_jax_always(monkeypatch, deterministic):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert should_jit_compile(deterministic=deterministic)


@pytest.fixture(scope="module")
def xla_gpu_ops() -> set[str]:
    """The ops that XLA compiles for GPUs; TensorFlow registers them when it first compiles."""
    tf.function(lambda x: x + x, jit_compile=True)(tf.zeros(1))
    registered = kernels.get_all_registered_kernels().kernel
    return {kernel.op for kernel in registered if kernel.device_type == XLA_GPU}


def _ops(graph: tf.Graph) -> Iterator[str]:
    definition = graph.as_graph_def()
    yield from (node.op for node in definition.node)
    for function in definition.library.function:
        yield from (node.op for node in function.node_def)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "precision"), [("small_cnn", "none"), ("resnet18", "bfloat16")]
)
def test_every_op_of_a_step_can_be_compiled_for_a_gpu(
    tiny_dataset, xla_gpu_ops, backbone, precision
):
    """The kernels are in the wheel for CPUs too, so no GPU is needed to look for them."""
    config = TrainingConfig(
        str(tiny_dataset().folder),
        "run",
        backbone,
        ("species",),
        loader="turbo",
        height=32,
        width=32,
        mixed_precision=precision,
        clip_norm=1.0,
        accumulate=2,
    )
    runner = ModelRunner(resolve_plan(config, plugins()), config.accumulate)
    model = runner._model

    def step(images, labels, weights):
        return model.train_step((images, {"species": labels}, {"species": weights}))

    concrete = tf.function(step).get_concrete_function(
        tf.TensorSpec((4, 32, 32, 3), tf.uint8),
        tf.TensorSpec((4,), tf.int32),
        tf.TensorSpec((4,), tf.float32),
    )
    missing = set(_ops(concrete.graph)) - xla_gpu_ops - _INLINED
    assert (len(xla_gpu_ops) > 300, missing) == (True, set())


@pytest.mark.filterwarnings(  # when an earlier test asked TensorFlow to be deterministic
    "ignore:Model doesn't support `jit_compile=True`:UserWarning"
)
def test_compiled_evaluation_pads_a_short_batch(tiny_dataset, monkeypatch):
    """So that only one batch size is compiled."""
    monkeypatch.setattr(train_step, "should_jit_compile", lambda **_: True)
    config = TrainingConfig(
        str(tiny_dataset().folder),
        "run",
        "small_cnn",
        ("species",),
        loader="turbo",
        height=16,
        width=16,
        batch_size=4,
    )
    runner = ModelRunner(resolve_plan(config, plugins()))
    sizes = []
    monkeypatch.setattr(runner._steps, "evaluate", lambda data: sizes.append(len(data[0])))
    images = np.zeros((3, 16, 16, 3), np.uint8)
    runner.eval_step(Batch(images, {"species": np.zeros(3, np.int32)}))
    assert sizes == [4]
