"""Loss and metric sums of a label that may have several classes at once.

Each class is a binary question: present or absent.
"""

from __future__ import annotations

from keras import ops

from ctc.artifacts.event_record import MISSING
from ctc.training.model.losses import FOCAL_GAMMA, TOP_K, BatchSums, Criterion, Tensor


class MultiLabelCriterion(Criterion):
    """Loss and metrics of a label with any number of classes per photo.

    `smoothing`: fraction of each binary target that is spread over present and absent.
    `class_weights`: factor of a class's loss where it is present; 1 where it is absent.
    """

    def loss_per_photo(
        self, classes: Tensor, logits: Tensor, soft_target: Tensor | None = None
    ) -> Tensor:
        """Return the loss of each photo (N,): the sum of the classes' binary cross-entropies.

        It is 0 where the label is missing. `classes`: 1, 0, or −1 = missing, (N, classes);
        `logits`: floats (N, classes). `soft_target`: floats 0–1 (N, classes), in place of the
        classes.
        """
        known, target = _mask_missing(classes)
        if soft_target is not None:
            target = ops.cast(soft_target, "float32")
        masked = ops.where(known[:, None], logits, 0.0)  # infinity has no gradient
        log_present, log_absent = ops.log_sigmoid(masked), ops.log_sigmoid(-masked)
        right = target * log_present + (1.0 - target) * log_absent
        loss = -(1.0 - self.smoothing) * right - self.smoothing * (log_present + log_absent) / 2.0
        if self.loss == "focal":
            loss = loss * (1.0 - ops.exp(right)) ** FOCAL_GAMMA
        if self.class_weights:
            weights = ops.convert_to_tensor(self.class_weights, "float32")
            loss = loss * (
                ops.where(target > 0.0, weights, 1.0)
                if soft_target is None
                else target * weights + 1.0 - target
            )
        return ops.where(known, ops.sum(loss, axis=1), 0.0)

    def distillation_per_photo(
        self, teacher_logits: Tensor, logits: Tensor, temperature: float
    ) -> Tensor:
        """Return the sum of the classes' divergences from a teacher, each present against absent.

        As for a label with one class, with sigmoid(logit / T) in place of the softmax.
        """
        teacher = ops.cast(teacher_logits, "float32") / temperature
        own = logits / temperature
        divergence = sum(
            ops.exp(ops.log_sigmoid(sign * teacher))
            * (ops.log_sigmoid(sign * teacher) - ops.log_sigmoid(sign * own))
            for sign in (1.0, -1.0)
        )
        return temperature**2 * ops.sum(divergence, axis=1)

    def batch_sums(
        self, classes: Tensor, logits: Tensor, soft_target: Tensor | None = None
    ) -> BatchSums:
        """Return the metric sums of a batch.

        A photo is correct if its most probable class is present. A class is predicted if its
        probability is at least 0.5.
        """
        known, target = _mask_missing(classes)
        count = logits.shape[-1]
        present = ops.cast(known, "float32")
        actual = target * present[:, None]
        predicted = ops.cast(logits >= 0.0, "float32") * present[:, None]
        best = ops.one_hot(ops.argmax(logits, axis=-1), count)
        fifth = ops.top_k(logits, min(TOP_K, count))[0][:, -1:]
        top_k = ops.any(ops.logical_and(logits >= fifth, actual > 0.0), axis=1)
        exact = ops.all(ops.equal(predicted, actual), axis=1)
        return BatchSums(
            loss=ops.sum(self.loss_per_photo(classes, logits, soft_target)),
            correct=ops.sum(best * actual),
            top_k_correct=ops.sum(ops.cast(top_k, "float32")),
            photos=ops.sum(present),
            true_positives=ops.sum(predicted * actual, axis=0),
            predicted=ops.sum(predicted, axis=0),
            support=ops.sum(actual, axis=0),
            exact=ops.sum(ops.cast(exact, "float32") * present),
        )


def _mask_missing(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return which photos have the label (N,), and the targets (N, classes), 0 where missing."""
    classes = ops.cast(classes, "float32")
    known = ops.not_equal(classes[:, 0], float(MISSING))
    return known, ops.where(known[:, None], classes, 0.0)
