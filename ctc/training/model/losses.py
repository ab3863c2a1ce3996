"""Losses and scores of one label, blind to the photos whose label is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from keras import ops

from ctc.artifacts.event_record import MISSING
from ctc.training.config import LossName

Tensor = Any

FOCAL_GAMMA = 2.0  # gamma of Lin et al. 2017, Focal Loss for Dense Object Detection (https://arxiv.org/abs/1708.02002)
TOP_K = 5


class BatchSums(NamedTuple):
    """Sums over the photos of a batch that have the label: loss in nats, how many were right, how
    many had the right class among the five best, how many there are; per class, (classes,): how
    often it was rightly chosen, chosen, and actually there; and, of a multi-label label, how many
    had exactly the right classes."""

    loss: Tensor
    correct: Tensor
    among_best: Tensor
    present: Tensor
    hit: Tensor
    chosen: Tensor
    actual: Tensor
    exact: Tensor | None = None

    def to_logs(self, index: int) -> dict[str, Tensor]:
        """Those that there are, each called `NAME_place`."""
        return {
            f"{name}_{index}": value for name, value in self._asdict().items() if value is not None
        }


@dataclass(frozen=True)
class Criterion:
    """How the answers to one label are judged.

    `smoothing`: share of the target, 0–1, that is spread over all classes (Szegedy et al. 2016,
    https://arxiv.org/abs/1512.00567). `class_weights`: factor of a photo's loss by its class, 1 for
    all when empty."""

    loss: LossName = "cross-entropy"
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()

    def loss_per_photo(self, classes: Tensor, logits: Tensor) -> Tensor:
        """The loss of each photo (N,), 0 where the label is missing. `classes`: integers (N,), −1 =
        missing; `logits`: unscaled floats (N, classes)."""
        known, target = _mask_missing(classes)
        logs = ops.log_softmax(
            ops.where(known[:, None], logits, 0.0)
        )  # masked first: infinity has no gradient
        right = ops.take_along_axis(logs, target[:, None], axis=1)[:, 0]
        loss = -(1.0 - self.smoothing) * right - self.smoothing * ops.mean(logs, axis=1)
        if self.loss == "focal":
            loss = loss * (1.0 - ops.exp(right)) ** FOCAL_GAMMA
        if self.class_weights:
            loss = loss * ops.take(ops.convert_to_tensor(self.class_weights, "float32"), target)
        return ops.where(known, loss, 0.0)

    def batch_sums(self, classes: Tensor, logits: Tensor) -> BatchSums:
        """What the photos of a batch come to; arguments as for `loss_per_photo`."""
        known, target = _mask_missing(classes)
        count = logits.shape[-1]
        best = ops.cast(ops.argmax(logits, axis=-1), "int32")
        present = ops.cast(known, "float32")
        correct = ops.cast(ops.equal(best, target), "float32") * present
        among_best = ops.cast(ops.in_top_k(target, logits, min(TOP_K, count)), "float32") * present
        actual = ops.one_hot(target, count) * present[:, None]
        return BatchSums(
            ops.sum(self.loss_per_photo(classes, logits)),
            ops.sum(correct),
            ops.sum(among_best),
            ops.sum(present),
            ops.sum(actual * correct[:, None], axis=0),
            ops.sum(ops.one_hot(best, count) * present[:, None], axis=0),
            ops.sum(actual, axis=0),
        )


def _mask_missing(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Which photos have the label, and their classes, 0 where they haven't."""
    classes = ops.cast(classes, "int32")
    known = ops.not_equal(classes, MISSING)
    return known, ops.where(known, classes, 0)
