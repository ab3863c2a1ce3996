"""The network of a plan while it is taught: a step on a batch, a look at one, and all its numbers,
to be saved and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.errors import InputError
from ctc.plugin import Batch
from ctc.training.config import MixedPrecision
from ctc.training.metrics.metrics import MetricSums
from ctc.training.model.freeze import BACKBONE, freeze
from ctc.training.model.initial_weights import InitialWeights
from ctc.training.model.network import build_logits_model, get_backbone, with_probabilities
from ctc.training.model.npz_file import Arrays
from ctc.training.model.optimizers import make_optimizer
from ctc.training.model.variable_arrays import assign_arrays, to_arrays
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.training_model import TrainingModel

_COUNTER, _ACCUMULATOR = (
    "iteration",
    "gradient_accumulator",
)  # Keras's names of variables of an optimizer


class ModelRunner:
    """Built anew from the plan's seed each time: the same plan, the same numbers. Batches are taken
    in `accumulation_steps`, whose gradients add up to that of the whole batch. With `heads_only`
    the backbone stays as it is."""

    def __init__(
        self, plan: TrainingPlan, accumulation_steps: int = 1, *, heads_only: bool = False
    ) -> None:
        config, size = plan.config, plan.preprocessing
        keras.utils.set_random_seed(config.seed)
        with _dtype_policy(config.mixed_precision):
            scores = build_logits_model(
                plan.backbone, plan.class_counts, size.height, size.width, *plan.channel_statistics
            )
            self._model = TrainingModel(scores, plan.criteria)
        freeze(get_backbone(scores), BACKBONE if heads_only else config.freeze)
        self.accumulation_steps = accumulation_steps
        self._topology, self._batch_size = config.topology, plan.local_batch_size
        self.label_weights = plan.label_weights
        self.network = with_probabilities(scores, config.multi_label)
        optimizer = make_optimizer(
            config.optimizer,
            plan.learning_rate,
            plan.weight_decay,
            config.clip_norm,
            accumulation_steps,
        )
        self._model.compile(optimizer, jit_compile=_should_jit_compile())
        self._model.optimizer.build(self._model.trainable_variables)

    def load_backbone(self, initial_weights: InitialWeights) -> None:
        """Give the backbone the weights of `initial_weights`. Raises InputError, naming layer and
        shapes, when they don't fit."""
        backbone = get_backbone(self.network)
        given = to_arrays(
            {"backbone": initial_weights.build(tuple(backbone.input.shape[1:])).weights}
        )
        try:
            assign_arrays({"backbone": backbone.weights}, given)
        except InputError as error:
            raise InputError(f"the weights of {initial_weights.name} don't fit: {error}") from None

    def set_learning_rate(self, learning_rate: float) -> None:
        """The learning rate of the steps to come."""
        self._model.optimizer.learning_rate = learning_rate

    def train_step(self, batch: Batch, totals: MetricSums) -> None:
        """One step. Each label's loss is the mean over the photos of the whole batch, on all hosts,
        that have it, times its weight."""
        shares = self._sample_weights(batch.labels)
        for part in self._micro_batches(len(batch.images)):
            labels = {label: classes[part] for label, classes in batch.labels.items()}
            weights = {label: share[part] for label, share in shares.items()}
            logs = self._model.train_on_batch(batch.images[part], labels, weights, return_dict=True)
            totals.update(self._model.label_order, logs)
        totals.images += len(batch.images) * self._topology.hosts

    def eval_step(self, batch: Batch, totals: MetricSums) -> None:
        """See how the network does on a batch, and learn nothing."""
        images = self._pad_batch(batch.images, 0)
        labels = {
            label: self._pad_batch(classes, MISSING) for label, classes in batch.labels.items()
        }
        for part in self._micro_batches(len(images)):
            taken = {label: classes[part] for label, classes in labels.items()}
            totals.update(
                self._model.label_order,
                self._model.test_on_batch(images[part], taken, return_dict=True),
            )
        totals.images += len(batch.images) * self._topology.hosts

    def predict(self, images: Any) -> dict[str, NDArray[np.float32]]:
        """Label → unscaled scores (N, classes)."""
        pieces = [
            images[start : start + self._batch_size]
            for start in range(0, len(images), self._batch_size)
        ]
        answers = [self._predict_batch(piece) for piece in pieces]
        return {
            label: np.concatenate([answer[label] for answer in answers])
            for label in self._model.label_order
        }

    def update_metrics(
        self, logits: Mapping[str, Any], labels: Mapping[str, Any], totals: MetricSums
    ) -> None:
        """Add to `totals` what `logits`, from `predict`, are worth."""
        criteria = enumerate(self._model.criteria.items())
        sums = (
            criterion.batch_sums(labels[label], logits[label]).to_logs(place)
            for place, (label, criterion) in criteria
        )
        logs = {name: value for named in sums for name, value in named.items()}
        totals.update(self._model.label_order, logs)

    def state_dict(self) -> Arrays:
        """Everything that changes while it learns: weights, statistics, states of random
        generators, the optimizer's memory."""
        return to_arrays(self._state_variables())

    def load_network_state(self, arrays: Arrays) -> None:
        """Bring back what `state_dict` gave, but for the optimizer, which begins anew. Raises
        InputError when it doesn't fit."""
        assign_arrays({"network": self._model.logits_model.variables}, arrays)

    def load_state_dict(self, arrays: Arrays, accumulation_steps: int) -> None:
        """Bring back all that `state_dict` gave, when batches were taken in `accumulation_steps`.
        Raises InputError when it doesn't fit."""
        assign_arrays(self._state_variables(), arrays)
        for variable in self._state_variables()["optimizer"]:
            if variable.name == _COUNTER:
                variable.assign(
                    keras.ops.convert_to_numpy(variable)
                    // accumulation_steps
                    * self.accumulation_steps
                )

    def _state_variables(self) -> Mapping[str, list[Any]]:
        """Between steps nothing is accumulated: accumulators need not be kept."""
        memory = [
            variable
            for variable in self._model.optimizer.variables
            if _ACCUMULATOR not in variable.path
        ]
        return {"network": self._model.logits_model.variables, "optimizer": memory}

    def _predict_batch(self, images: Any) -> dict[str, NDArray[np.float32]]:
        filled = self._pad_batch(images, 0)
        answers = [
            self._model.predict_on_batch(filled[part]) for part in self._micro_batches(len(filled))
        ]
        return {
            label: np.concatenate([answer[label] for answer in answers])[: len(images)]
            for label in self._model.label_order
        }

    def _pad_batch(self, values: Any, fill_value: int) -> Any:
        """Where steps are compiled, up to a whole batch, with black photos that have no label: one
        size is compiled, and devices can share it."""
        lacking = self._batch_size - len(values)
        if not lacking or not _should_jit_compile():
            return values
        return np.pad(
            values, [(0, lacking)] + [(0, 0)] * (values.ndim - 1), constant_values=fill_value
        )

    def _micro_batches(self, size: int) -> Iterator[slice]:
        """Each of them a multiple of the devices, when `size` is one."""
        devices = self._topology.devices_per_host
        ends = [
            size // devices * (part + 1) // self.accumulation_steps * devices
            for part in range(self.accumulation_steps)
        ]
        return (slice(start, end) for start, end in zip([0, *ends], ends, strict=False))

    def _sample_weights(self, labels: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
        """Label → (N,), what a photo's loss counts."""
        known = {label: _label_mask(classes) for label, classes in labels.items()}
        counts = self._topology.all_gather([np.int32(mask.sum()) for mask in known.values()]).sum(
            axis=0
        )
        return {
            label: np.full(
                len(mask),
                self.label_weights[label] * self.accumulation_steps / max(1, count),
                np.float32,
            )
            for (label, mask), count in zip(known.items(), counts, strict=True)
        }


def _label_mask(classes: Any) -> NDArray[np.bool_]:
    """(N,): which photos have the label, of which `classes` are numbers (N,) or rows (N,
    classes)."""
    numbers = np.asarray(classes)
    return np.asarray((numbers if numbers.ndim == 1 else numbers[:, 0]) != MISSING)


@contextmanager
def _dtype_policy(kind: MixedPrecision) -> Iterator[None]:
    """Layers made in the block compute in 16 bits, unless they say otherwise; their weights have 32
    all the same."""
    before = keras.config.dtype_policy()
    if kind != "none":
        keras.config.set_dtype_policy(f"mixed_{kind}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _should_jit_compile() -> bool:
    """JAX must be compiled; TensorFlow's own kernels are faster on a CPU than what XLA makes
    (small_cnn: 329 and 231 img/s, and 6 s of compiling for every batch size)."""
    return bool(keras.backend.backend() != "tensorflow")
