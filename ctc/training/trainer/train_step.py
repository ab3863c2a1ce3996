"""The network of a plan while it is taught: a step on a batch, a look at one, and all its numbers, to be saved and brought back."""

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
from ctc.training.metrics.metrics import Totals
from ctc.training.model.freeze import BACKBONE, freeze
from ctc.training.model.initial_weights import Origin
from ctc.training.model.network import backbone_of, build_scores, with_probabilities
from ctc.training.model.npz_file import Arrays
from ctc.training.model.optimizers import make_optimizer
from ctc.training.model.variable_arrays import assign, values_of
from ctc.training.plan import Plan
from ctc.training.trainer.training_model import Trainee

_COUNTER, _ACCUMULATOR = "iteration", "gradient_accumulator"  # Keras's names of variables of an optimizer


class Learner:
    """Built anew from the plan's seed each time: the same plan, the same numbers. Batches are taken in `parts`, whose gradients add
    up to that of the whole batch. With `heads_only` the backbone stays as it is."""

    def __init__(self, plan: Plan, parts: int = 1, *, heads_only: bool = False) -> None:
        config, size = plan.config, plan.preprocessing
        keras.utils.set_random_seed(config.seed)
        with _precision(config.mixed_precision):
            scores = build_scores(plan.backbone, plan.class_counts, size.height, size.width, *plan.statistics)
            self._trainee = Trainee(scores, plan.criteria)
        freeze(backbone_of(scores), BACKBONE if heads_only else config.freeze)
        self.parts = parts
        self._where, self._photos = config.where, plan.batch_size
        self.weights = plan.label_weights
        self.network = with_probabilities(scores, config.multi_label)
        optimizer = make_optimizer(config.optimizer, plan.learning_rate, plan.weight_decay, config.clip_norm, parts)
        self._trainee.compile(optimizer, jit_compile=_compiled())
        self._trainee.optimizer.build(self._trainee.trainable_variables)

    def begin_with(self, origin: Origin) -> None:
        """Give the backbone the weights of `origin`. Raises InputError, naming layer and shapes, when they don't fit."""
        backbone = backbone_of(self.network)
        given = values_of({"backbone": origin.build(tuple(backbone.input.shape[1:])).weights})
        try:
            assign({"backbone": backbone.weights}, given)
        except InputError as error:
            raise InputError(f"the weights of {origin.name} don't fit: {error}") from None

    def set_rate(self, rate: float) -> None:
        """The learning rate of the steps to come."""
        self._trainee.optimizer.learning_rate = rate

    def learn(self, batch: Batch, totals: Totals) -> None:
        """One step. Each label's loss is the mean over the photos of the whole batch, on all hosts, that have it, times its weight."""
        shares = self._shares(batch.labels)
        for part in self._parts(len(batch.images)):
            labels = {label: classes[part] for label, classes in batch.labels.items()}
            weights = {label: share[part] for label, share in shares.items()}
            logs = self._trainee.train_on_batch(batch.images[part], labels, weights, return_dict=True)
            totals.add(self._trainee.order, logs)
        totals.images += len(batch.images) * self._where.hosts

    def look(self, batch: Batch, totals: Totals) -> None:
        """See how the network does on a batch, and learn nothing."""
        images = self._filled(batch.images, 0)
        labels = {label: self._filled(classes, MISSING) for label, classes in batch.labels.items()}
        for part in self._parts(len(images)):
            taken = {label: classes[part] for label, classes in labels.items()}
            totals.add(self._trainee.order, self._trainee.test_on_batch(images[part], taken, return_dict=True))
        totals.images += len(batch.images) * self._where.hosts

    def answer(self, images: Any) -> dict[str, NDArray[np.float32]]:
        """Label → unscaled scores (N, classes)."""
        pieces = [images[start : start + self._photos] for start in range(0, len(images), self._photos)]
        answers = [self._answer(piece) for piece in pieces]
        return {label: np.concatenate([answer[label] for answer in answers]) for label in self._trainee.order}

    def judge(self, scores: Mapping[str, Any], labels: Mapping[str, Any], totals: Totals) -> None:
        """Add to `totals` what `scores`, from `answer`, are worth."""
        criteria = enumerate(self._trainee.criteria.items())
        sums = (criterion.sums(labels[label], scores[label]).at(place) for place, (label, criterion) in criteria)
        logs = {name: value for named in sums for name, value in named.items()}
        totals.add(self._trainee.order, logs)

    def arrays(self) -> Arrays:
        """Everything that changes while it learns: weights, statistics, states of random generators, the optimizer's memory."""
        return values_of(self._sections())

    def restore_network(self, arrays: Arrays) -> None:
        """Bring back what `arrays` gave, but for the optimizer, which begins anew. Raises InputError when it doesn't fit."""
        assign({"network": self._trainee.scores.variables}, arrays)

    def restore(self, arrays: Arrays, parts: int) -> None:
        """Bring back all that `arrays` gave, when batches were taken in `parts`. Raises InputError when it doesn't fit."""
        assign(self._sections(), arrays)
        for variable in self._sections()["optimizer"]:
            if variable.name == _COUNTER:
                variable.assign(keras.ops.convert_to_numpy(variable) // parts * self.parts)

    def _sections(self) -> Mapping[str, list[Any]]:
        """Between steps nothing is accumulated: accumulators need not be kept."""
        memory = [variable for variable in self._trainee.optimizer.variables if _ACCUMULATOR not in variable.path]
        return {"network": self._trainee.scores.variables, "optimizer": memory}

    def _answer(self, images: Any) -> dict[str, NDArray[np.float32]]:
        filled = self._filled(images, 0)
        answers = [self._trainee.predict_on_batch(filled[part]) for part in self._parts(len(filled))]
        return {
            label: np.concatenate([answer[label] for answer in answers])[: len(images)] for label in self._trainee.order
        }

    def _filled(self, values: Any, filling: int) -> Any:
        """Where steps are compiled, up to a whole batch, with black photos that have no label: one size is compiled, and devices can
        share it."""
        lacking = self._photos - len(values)
        if not lacking or not _compiled():
            return values
        return np.pad(values, [(0, lacking)] + [(0, 0)] * (values.ndim - 1), constant_values=filling)

    def _parts(self, size: int) -> Iterator[slice]:
        """Each of them a multiple of the devices, when `size` is one."""
        devices = self._where.per_host
        ends = [size // devices * (part + 1) // self.parts * devices for part in range(self.parts)]
        return (slice(start, end) for start, end in zip([0, *ends], ends, strict=False))

    def _shares(self, labels: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
        """Label → (N,), what a photo's loss counts."""
        known = {label: _known(classes) for label, classes in labels.items()}
        counts = self._where.gathered([np.int32(mask.sum()) for mask in known.values()]).sum(axis=0)
        return {
            label: np.full(len(mask), self.weights[label] * self.parts / max(1, count), np.float32)
            for (label, mask), count in zip(known.items(), counts, strict=True)
        }


def _known(classes: Any) -> NDArray[np.bool_]:
    """(N,): which photos have the label, of which `classes` are numbers (N,) or rows (N, classes)."""
    numbers = np.asarray(classes)
    return np.asarray((numbers if numbers.ndim == 1 else numbers[:, 0]) != MISSING)


@contextmanager
def _precision(kind: MixedPrecision) -> Iterator[None]:
    """Layers made in the block compute in 16 bits, unless they say otherwise; their weights have 32 all the same."""
    before = keras.config.dtype_policy()
    if kind != "none":
        keras.config.set_dtype_policy(f"mixed_{kind}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _compiled() -> bool:
    """JAX must be compiled; TensorFlow's own kernels are faster on a CPU than what XLA makes (small_cnn: 329 and 231 img/s, and 6 s
    of compiling for every batch size)."""
    return bool(keras.backend.backend() != "tensorflow")
