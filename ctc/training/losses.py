"""Losses and scores of one label, blind to the photos whose label is missing."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from ctc.artifacts.event_record import MISSING

Tensor = Any


class Sums(NamedTuple):
    """Sums over the photos of a batch that have the label: cross-entropy in nats, how many were right, how many there are."""

    loss: Tensor
    correct: Tensor
    present: Tensor


def label_sums(classes: Tensor, scores: Tensor) -> Sums:
    """`classes`: integers (N,), −1 = missing; `scores`: unscaled floats (N, classes)."""
    classes = ops.cast(classes, "int32")
    known = ops.not_equal(classes, MISSING)
    present = ops.cast(known, "float32")
    target = ops.where(known, classes, 0)
    entropy = ops.sparse_categorical_crossentropy(target, scores, from_logits=True)
    correct = ops.equal(ops.cast(ops.argmax(scores, axis=-1), "int32"), target)
    return Sums(
        ops.sum(ops.where(known, entropy, 0.0)),
        ops.sum(ops.cast(correct, "float32") * present),
        ops.sum(present),
    )


def label_loss(classes: Tensor, scores: Tensor) -> Tensor:
    """Mean cross-entropy over the photos that have the label; 0 when none has."""
    sums = label_sums(classes, scores)
    return sums.loss / ops.maximum(sums.present, 1.0)
