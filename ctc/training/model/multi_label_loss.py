"""Loss and scores of a label that may have several classes at once: each class is a question of its
own, there or not."""

from __future__ import annotations

from keras import ops

from ctc.artifacts.event_record import MISSING
from ctc.training.model.losses import FOCAL_GAMMA, TOP_K, BatchSums, Criterion, Tensor


class MultiLabelCriterion(Criterion):
    """`smoothing`: share of a question's target that is spread over its two answers.
    `class_weights`: factor of a class's loss where it is there; where it isn't the factor is 1."""

    def loss_per_photo(self, classes: Tensor, logits: Tensor) -> Tensor:
        """The loss of each photo (N,), the sum over the classes of their binary cross-entropy, 0
        where the label is missing. `classes`: 1, 0, or −1 = missing, (N, classes); `logits`:
        unscaled floats (N, classes)."""
        known, target = _mask_missing(classes)
        masked = ops.where(known[:, None], logits, 0.0)  # infinity has no gradient
        there, not_there = ops.log_sigmoid(masked), ops.log_sigmoid(-masked)
        right = target * there + (1.0 - target) * not_there
        loss = -(1.0 - self.smoothing) * right - self.smoothing * (there + not_there) / 2.0
        if self.loss == "focal":
            loss = loss * (1.0 - ops.exp(right)) ** FOCAL_GAMMA
        if self.class_weights:
            loss = loss * ops.where(
                target > 0.0, ops.convert_to_tensor(self.class_weights, "float32"), 1.0
            )
        return ops.where(known, ops.sum(loss, axis=1), 0.0)

    def batch_sums(self, classes: Tensor, logits: Tensor) -> BatchSums:
        """Right is a photo whose most probable class is there. A class is chosen from a probability
        of 0.5 on."""
        known, target = _mask_missing(classes)
        count = logits.shape[-1]
        present = ops.cast(known, "float32")
        actual = target * present[:, None]
        chosen = ops.cast(logits >= 0.0, "float32") * present[:, None]
        best = ops.one_hot(ops.argmax(logits, axis=-1), count)
        fifth = ops.top_k(logits, min(TOP_K, count))[0][:, -1:]
        among_best = ops.any(ops.logical_and(logits >= fifth, actual > 0.0), axis=1)
        exact = ops.all(ops.equal(chosen, actual), axis=1)
        return BatchSums(
            loss=ops.sum(self.loss_per_photo(classes, logits)),
            correct=ops.sum(best * actual),
            among_best=ops.sum(ops.cast(among_best, "float32")),
            present=ops.sum(present),
            hit=ops.sum(chosen * actual, axis=0),
            chosen=ops.sum(chosen, axis=0),
            actual=ops.sum(actual, axis=0),
            exact=ops.sum(ops.cast(exact, "float32") * present),
        )


def _mask_missing(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Which photos have the label (N,), and their classes (N, classes), 0 where they haven't."""
    classes = ops.cast(classes, "float32")
    known = ops.not_equal(classes[:, 0], float(MISSING))
    return known, ops.where(known[:, None], classes, 0.0)
