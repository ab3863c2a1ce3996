"""Loss and metric sums of one label; photos without the label are masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from keras import ops

from ctc.artifacts.event_record import MISSING
from ctc.training.config import LossName

Tensor = Any

# gamma of Lin et al. 2017, Focal Loss for Dense Object Detection (https://arxiv.org/abs/1708.02002)
FOCAL_GAMMA = 2.0
TOP_K = 5


class BatchSums(NamedTuple):
    """Sums over the photos of a batch that have the label.

    loss              in nats
    correct           photos whose most probable class is right
    top_k_correct     photos whose class is among the five most probable
    photos            photos that have the label
    true_positives    (classes,): how often the class was predicted and true
    predicted         (classes,): how often the class was predicted
    support           (classes,): how often the class was true
    exact             multi-label only: photos with exactly the right classes
    """

    loss: Tensor
    correct: Tensor
    top_k_correct: Tensor
    photos: Tensor
    true_positives: Tensor
    predicted: Tensor
    support: Tensor
    exact: Tensor | None = None

    def to_logs(self, index: int) -> dict[str, Tensor]:
        """Return the sums that are not None, each under the key `NAME_index`."""
        return {
            f"{name}_{index}": value for name, value in self._asdict().items() if value is not None
        }


@dataclass(frozen=True)
class Criterion:
    """Loss and metrics of a label with one class per photo.

    `smoothing`: fraction of the target, 0–1, that is spread over all classes (Szegedy et al. 2016,
    https://arxiv.org/abs/1512.00567). `class_weights`: factor of a photo's loss by its class; 1 for
    all classes if empty. `logit_offsets`: added to the logits in the loss, and nowhere else; none
    if empty, see `logit_adjustment.py`.
    """

    loss: LossName = "cross-entropy"
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    logit_offsets: tuple[float, ...] = ()

    def offset_logits(self, logits: Tensor) -> Tensor:
        """Return the logits (N, classes) that the loss compares with the target."""
        if not self.logit_offsets:
            return logits
        return logits + ops.convert_to_tensor(self.logit_offsets, "float32")

    def loss_per_photo(
        self, classes: Tensor, logits: Tensor, soft_target: Tensor | None = None
    ) -> Tensor:
        """Return the loss of each photo (N,), 0 where the label is missing.

        `classes`: integers (N,), −1 = missing; `logits`: floats (N, classes). `soft_target`:
        floats (N, classes) that sum to 1, in place of the classes; the factors of a focal loss and
        of class weights are then those of the classes, weighted by the target.
        """
        known, target = _mask_missing(classes)
        # masked first: infinity has no gradient
        logs = ops.log_softmax(ops.where(known[:, None], self.offset_logits(logits), 0.0))
        if soft_target is None:
            right = ops.take_along_axis(logs, target[:, None], axis=1)[:, 0]
        else:
            right = ops.sum(ops.cast(soft_target, "float32") * logs, axis=1)
        loss = -(1.0 - self.smoothing) * right - self.smoothing * ops.mean(logs, axis=1)
        if self.loss == "focal":
            loss = loss * (1.0 - ops.exp(right)) ** FOCAL_GAMMA
        if self.class_weights:
            weights = ops.convert_to_tensor(self.class_weights, "float32")
            loss = loss * (
                ops.take(weights, target)
                if soft_target is None
                else ops.sum(ops.cast(soft_target, "float32") * weights, axis=1)
            )
        return ops.where(known, loss, 0.0)

    def distillation_per_photo(
        self, teacher_logits: Tensor, logits: Tensor, temperature: float
    ) -> Tensor:
        """Return how far the logits are from a teacher's, for each photo (N,), in nats.

        T² times the Kullback-Leibler divergence of the two distributions softmax(logits / T), with
        the temperature T (Hinton et al. 2015, https://arxiv.org/abs/1503.02531). The logits are
        those of the loss, with their offsets.
        """
        wanted = ops.log_softmax(ops.cast(teacher_logits, "float32") / temperature)
        found = ops.log_softmax(self.offset_logits(logits) / temperature)
        return temperature**2 * ops.sum(ops.exp(wanted) * (wanted - found), axis=1)

    def batch_sums(
        self, classes: Tensor, logits: Tensor, soft_target: Tensor | None = None
    ) -> BatchSums:
        """Return the metric sums of a batch; arguments as for `loss_per_photo`.

        A soft target counts for the loss alone.
        """
        known, target = _mask_missing(classes)
        count = logits.shape[-1]
        best = ops.cast(ops.argmax(logits, axis=-1), "int32")
        present = ops.cast(known, "float32")
        correct = ops.cast(ops.equal(best, target), "float32") * present
        top_k = ops.cast(ops.in_top_k(target, logits, min(TOP_K, count)), "float32") * present
        actual = ops.one_hot(target, count) * present[:, None]
        return BatchSums(
            loss=ops.sum(self.loss_per_photo(classes, logits, soft_target)),
            correct=ops.sum(correct),
            top_k_correct=ops.sum(top_k),
            photos=ops.sum(present),
            true_positives=ops.sum(actual * correct[:, None], axis=0),
            predicted=ops.sum(ops.one_hot(best, count) * present[:, None], axis=0),
            support=ops.sum(actual, axis=0),
        )


def _mask_missing(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return which photos have the label (N,), and their classes (N,), 0 where it is missing."""
    classes = ops.cast(classes, "int32")
    known = ops.not_equal(classes, MISSING)
    return known, ops.where(known, classes, 0)
