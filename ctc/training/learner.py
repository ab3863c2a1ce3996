"""The network of a plan while it is taught: a step on a batch, a look at one, and all its numbers, to be saved and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.plugin import Batch
from ctc.training.arrays_file import Arrays
from ctc.training.network import build_scores, with_probabilities
from ctc.training.optimizers import make_optimizer
from ctc.training.plan import Plan
from ctc.training.totals import Totals
from ctc.training.trainee import Trainee
from ctc.training.weights import assign, values_of

_COUNTER, _ACCUMULATOR = "iteration", "gradient_accumulator"  # Keras's names of variables of an optimizer


class Learner:
    """Built anew from the plan's seed each time: the same plan, the same numbers. Batches are taken in `parts`, whose gradients add
    up to that of the whole batch."""

    def __init__(self, plan: Plan, parts: int = 1) -> None:
        config, size = plan.config, plan.preprocessing
        keras.utils.set_random_seed(config.seed)
        scores = build_scores(plan.backbone, plan.class_counts, size.height, size.width, *plan.channel_statistics())
        self.parts = parts
        self.weights = plan.label_weights
        self.network = with_probabilities(scores)
        self._trainee = Trainee(scores, plan.criteria)
        optimizer = make_optimizer(config.optimizer, plan.learning_rate, plan.weight_decay, parts)
        self._trainee.compile(optimizer, jit_compile=_compiled())
        self._trainee.optimizer.build(self._trainee.trainable_variables)

    def set_rate(self, rate: float) -> None:
        """The learning rate of the steps to come."""
        self._trainee.optimizer.learning_rate = rate

    def learn(self, batch: Batch, totals: Totals) -> None:
        """One step. Each label's loss is the mean over the photos of the whole batch that have it, times its weight."""
        shares = {label: self._shares(label, classes) for label, classes in batch.labels.items()}
        for part in _parts(len(batch.images), self.parts):
            labels = {label: classes[part] for label, classes in batch.labels.items()}
            weights = {label: share[part] for label, share in shares.items()}
            logs = self._trainee.train_on_batch(batch.images[part], labels, weights, return_dict=True)
            totals.add(self._trainee.order, logs)
        totals.images += len(batch.images)

    def look(self, batch: Batch, totals: Totals) -> None:
        """See how the network does on a batch, and learn nothing."""
        for part in _parts(len(batch.images), self.parts):
            labels = {label: classes[part] for label, classes in batch.labels.items()}
            totals.add(self._trainee.order, self._trainee.test_on_batch(batch.images[part], labels, return_dict=True))
        totals.images += len(batch.images)

    def arrays(self) -> Arrays:
        """Everything that changes while it learns: weights, statistics, states of random generators, the optimizer's memory."""
        return values_of(self._sections())

    def restore(self, arrays: Arrays, parts: int) -> None:
        """Bring back what `arrays` gave, when batches were taken in `parts`. Raises InputError when it doesn't fit."""
        assign(self._sections(), arrays)
        for variable in self._sections()["optimizer"]:
            if variable.name == _COUNTER:
                variable.assign(keras.ops.convert_to_numpy(variable) // parts * self.parts)

    def _sections(self) -> Mapping[str, list[Any]]:
        """Between steps nothing is accumulated: accumulators need not be kept."""
        memory = [variable for variable in self._trainee.optimizer.variables if _ACCUMULATOR not in variable.path]
        return {"network": self._trainee.scores.variables, "optimizer": memory}

    def _shares(self, label: str, classes: Any) -> NDArray[np.float32]:
        known = np.asarray(classes) != MISSING
        return np.full(len(known), self.weights[label] * self.parts / max(1, known.sum()), np.float32)


def _parts(size: int, parts: int) -> Iterator[slice]:
    ends = [size * (part + 1) // parts for part in range(parts)]
    return (slice(start, end) for start, end in zip([0, *ends], ends, strict=False))


def _compiled() -> bool:
    """JAX must be compiled; TensorFlow's own kernels are faster on a CPU than what XLA makes (small_cnn: 329 and 231 img/s, and 6 s
    of compiling for every batch size)."""
    return bool(keras.backend.backend() != "tensorflow")
