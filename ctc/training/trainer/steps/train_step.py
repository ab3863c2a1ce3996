"""Training, evaluation and prediction steps of a network, and its state for checkpoints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.errors import InputError
from ctc.plugin import Batch
from ctc.training.config import MixedPrecision
from ctc.training.distributed.backend import keras_gpus
from ctc.training.metrics.metrics import MetricSums
from ctc.training.model.freeze import BACKBONE, freeze
from ctc.training.model.initial_weights import InitialWeights
from ctc.training.model.layer_rates import layer_rates
from ctc.training.model.mixing import Mix
from ctc.training.model.network import build_logits_model, get_backbone, with_probabilities
from ctc.training.model.npz_file import Arrays
from ctc.training.model.optimizers import make_optimizer
from ctc.training.model.variable_arrays import assign_arrays, to_arrays
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.steps.compiled_steps import Logs, compiled_steps
from ctc.training.trainer.steps.pending_steps import StartedStep
from ctc.training.trainer.steps.step_data import StepDataMaker
from ctc.training.trainer.training_model import ITERATIONS, TrainingModel

_ACCUMULATOR = "gradient_accumulator"
"""In Keras's name of each variable of an optimizer that adds up gradients."""

Logits = dict[str, NDArray[np.float32]]
"""Label → logits (N, classes)."""


class ModelRunner:
    """The network of a plan with its optimizer.

    It is built from the plan's seed: the same plan gives the same weights. A batch is processed in
    `accumulation_steps` micro-batches, whose gradients add up to that of the batch. With
    `heads_only` the backbone is frozen.
    """

    def __init__(
        self, plan: TrainingPlan, accumulation_steps: int = 1, *, heads_only: bool = False
    ) -> None:
        config, size = plan.config, plan.preprocessing
        keras.utils.set_random_seed(config.seed)
        with _dtype_policy(config.mixed_precision):
            logits_model = build_logits_model(
                plan.backbone, plan.class_counts, size.height, size.width, *plan.channel_statistics
            )
            self._model = TrainingModel(
                logits_model,
                plan.criteria,
                ema_decay=config.ema,
                accumulation_steps=accumulation_steps,
                teacher_temperature=config.teacher_temperature,
            )
        backbone = get_backbone(logits_model)
        freeze(backbone, BACKBONE if heads_only else config.freeze)
        self.accumulation_steps = accumulation_steps
        self._is_averaged = False
        self._topology, self._batch_size = config.topology, plan.batches.local_batch_size
        self._step_data = StepDataMaker(plan, accumulation_steps)
        self._network = with_probabilities(logits_model, config.multi_label)
        optimizer = make_optimizer(
            config.optimizer,
            plan.learning_rate,
            plan.weight_decay,
            config.clip_norm,
            accumulation_steps,
            layer_rates(backbone, self._model.trainable_variables, config.layer_decay)
            if config.layer_decay < 1
            else (),
        )
        self._should_jit_compile = should_jit_compile(deterministic=config.deterministic)
        self._model.compile(optimizer, jit_compile=self._should_jit_compile)
        self._model.optimizer.build(self._model.trainable_variables)
        self._steps = compiled_steps(self._model)

    @property
    def network(self) -> keras.Model:
        """The network with probabilities as its outputs, and up-to-date weights."""
        self._steps.sync()
        return self._network

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Put the averages of the weights into the network for the block, if there are any.

        `state_dict` returns the weights themselves there too.
        """
        self._swap(averaged=True)
        try:
            yield
        finally:
            self._swap(averaged=False)

    def _swap(self, *, averaged: bool) -> None:
        self._steps.sync()
        averages = self._model.averages
        if averages and averaged != self._is_averaged:
            averages.swap()
            self._is_averaged = averaged

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of the following steps."""
        self._steps.set_learning_rate(learning_rate)

    def train_step(
        self, batch: Batch, mix: Mix | None = None, label_counts: Sequence[int] | None = None
    ) -> StartedStep:
        """Start a step that updates the weights with a batch, mixed by `mix` if there is one.

        The loss of a label is the mean over the photos of the whole batch, on all hosts, that have
        the label, each times its weight in the batch, times the label's weight. In a mixture each
        of the two photos counts with its share; one that lacks the label adds nothing. Of a
        label that a teacher has, the loss is in part the mean distance from its answers over all
        photos of the batch, those without the label too. `label_counts`: see `AgreedBatch`; where
        there are several hosts the loss needs them.
        """
        data = self._step_data(batch, mix, label_counts)
        logs = [
            self._steps.train(tuple(_rows(values, part) for values in data))
            for part in self._micro_batches(len(batch.images))
        ]
        return self._started(logs, batch)

    def eval_step(self, batch: Batch) -> StartedStep:
        """Start a step that computes the metric sums of a batch; no weight changes."""
        images = self._pad_batch(batch.images, 0)
        labels = {label: self._pad_batch(rows, MISSING) for label, rows in batch.labels.items()}
        logs = [
            self._steps.evaluate((_rows(images, part), _rows(labels, part), None))
            for part in self._micro_batches(len(images))
        ]
        return self._started(logs, batch)

    def predict(self, images: Any) -> Logits:
        """Return the logits of any number of images."""
        self._steps.sync()
        pieces = [
            images[start : start + self._batch_size]
            for start in range(0, len(images), self._batch_size)
        ]
        return self._concatenate([self._predict_batch(piece) for piece in pieces])

    def compute_metrics(self, logits: Mapping[str, Any], labels: Mapping[str, Any]) -> MetricSums:
        """Return the metric sums of logits that `predict` returned."""
        metrics = MetricSums()
        for label, criterion in self._model.criteria.items():
            logs = criterion.batch_sums(labels[label], logits[label]).to_logs(0)
            metrics += MetricSums.from_logs([label], logs)
        return metrics

    def load_backbone(self, initial_weights: InitialWeights) -> None:
        """Load initial weights into the backbone.

        Raises InputError, with layer and shapes, if they don't fit.
        """
        backbone = get_backbone(self.network)
        source = initial_weights.build(tuple(backbone.input.shape[1:]))
        try:
            assign_arrays({"backbone": backbone.weights}, to_arrays({"backbone": source.weights}))
        except InputError as error:
            raise InputError(f"the weights of {initial_weights.name} don't fit: {error}") from None
        if self._model.averages:
            self._model.averages.reset()

    def state_dict(self) -> Arrays:
        """Return everything that training changes: weights, statistics, seeds, optimizer."""
        was_averaged = self._is_averaged
        self._swap(averaged=False)
        arrays = to_arrays(self._state_variables())
        self._swap(averaged=was_averaged)
        return arrays

    def load_network_state(self, arrays: Arrays) -> None:
        """Load what `state_dict` returned, without the optimizer.

        Raises InputError if it doesn't fit.
        """
        variables = self._state_variables()
        assign_arrays({name: variables[name] for name in variables if name != "optimizer"}, arrays)

    def load_state_dict(self, arrays: Arrays, accumulation_steps: int) -> None:
        """Load what `state_dict` returned in a training with `accumulation_steps`.

        Raises InputError if it doesn't fit.
        """
        assign_arrays(self._state_variables(), arrays)
        for variable in self._state_variables()["optimizer"]:
            if variable.name == ITERATIONS:
                iterations = keras.ops.convert_to_numpy(variable)
                variable.assign(iterations // accumulation_steps * self.accumulation_steps)

    def _state_variables(self) -> Mapping[str, list[Any]]:
        """Between batches nothing is accumulated: the accumulators are left out."""
        self._steps.sync()
        optimizer = [
            variable
            for variable in self._model.optimizer.variables
            if _ACCUMULATOR not in variable.path
        ]
        variables = {"network": self._model.logits_model.variables, "optimizer": optimizer}
        averages = self._model.averages
        return {**variables, "averages": averages.variables} if averages else variables

    def _started(self, logs: list[Logs], batch: Batch) -> StartedStep:
        images = len(batch.images) * self._topology.hosts
        return StartedStep(self._model.label_order, logs, images, batch)

    def _predict_batch(self, images: Any) -> Logits:
        padded = self._pad_batch(images, 0)
        parts = self._micro_batches(len(padded))
        logits = self._concatenate(
            [self._model.predict_on_batch(_rows(padded, part)) for part in parts]
        )
        return {label: values[: len(images)] for label, values in logits.items()}

    def _concatenate(self, parts: list[Logits]) -> Logits:
        return {
            label: np.concatenate([part[label] for part in parts])
            for label in self._model.label_order
        }

    def _pad_batch(self, values: Any, fill_value: int) -> Any:
        """Pad to a full batch where steps are compiled.

        The added photos are black and have no label. So only one batch size is compiled, and the
        devices can share it.
        """
        missing = self._batch_size - len(values)
        if not missing or not self._should_jit_compile:
            return values
        padding = [(0, missing)] + [(0, 0)] * (values.ndim - 1)
        return np.pad(values, padding, constant_values=fill_value)

    def _micro_batches(self, size: int) -> Iterator[slice]:
        """Yield a slice per micro-batch; a multiple of the devices, if `size` is one."""
        devices, steps = self._topology.devices_per_host, self.accumulation_steps
        ends = [size // devices * (step + 1) // steps * devices for step in range(steps)]
        return (slice(start, end) for start, end in zip([0, *ends], ends, strict=False))


def _rows(values: Any, part: slice) -> Any:
    """Return a part of the rows of an array, or of each array in a dict.

    All rows are the array itself: a slice of an array on a GPU is a copy.
    """
    if isinstance(values, Mapping):
        return {name: _rows(rows, part) for name, rows in values.items()}
    return values if part == slice(0, len(values)) else values[part]


@contextmanager
def _dtype_policy(kind: MixedPrecision) -> Iterator[None]:
    """Use a mixed-precision policy for layers that are created in the block.

    They compute in 16 bits unless they say otherwise; their weights have 32 bits.
    """
    previous = keras.config.dtype_policy()
    if kind != "none":
        keras.config.set_dtype_policy(f"mixed_{kind}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def should_jit_compile(*, deterministic: bool) -> bool:
    """Return whether XLA compiles the steps: always on JAX, on TensorFlow on a GPU only.

    On a CPU TensorFlow's kernels are faster than XLA's: measured with small_cnn, 329 against 231
    img/s, and 6 s of compilation for each batch size. On a GPU Keras 3 has no fused batch
    normalisation without XLA (https://github.com/keras-team/keras-core/issues/225). As in Keras,
    TensorFlow's deterministic kernels are not compiled.
    """
    if keras.backend.backend() != "tensorflow":
        return True
    # Apple's plugin for its GPUs lacks XLA
    return bool(keras_gpus()) and not deterministic and sys.platform != "darwin"
