"""Fit the heads of all labels to the features of the train split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctc.artifacts.dataset import Label
from ctc.features.probe.fitting.heads import Head, Heads, make_head
from ctc.features.probe.fitting.penalty import fit_with_cross_validation, fit_with_validation
from ctc.features.probe.fitting.rotation import Float32Array, Rotation, fit_rotation
from ctc.features.probe.samples import Samples
from ctc.features.probe.targets import class_weights_of, photo_targets


def fit_heads(
    train: Samples,
    validation: Samples | None,
    labels: Sequence[Label],
    class_weights: str = "none",
    seed: int = 0,
) -> Heads:
    """Return the heads, with the penalty of the lowest log loss on the validation split.

    Every view of a photo is a sample. Where there is no validation split, or it doesn't know a
    label, the penalty is cross-validated on the train split by place, or else by event.
    """
    views = len(train.features)
    rotation, rotated = fit_rotation(np.concatenate(list(train.features.values())))
    held_out = None if validation is None else rotation.apply(validation.features["original"])
    heads: dict[str, Head] = {}
    for label in labels:
        weights = class_weights_of(label, class_weights)
        heads[label.name] = _fit_head(
            rotation, rotated, held_out, (train, validation), label, weights, views, seed
        )
    return Heads(rotation.mean, rotation.std, heads)


def _fit_head(
    rotation: Rotation,
    rotated: Float32Array,
    held_out: Float32Array | None,
    samples: tuple[Samples, Samples | None],
    label: Label,
    weights: Float32Array,
    views: int,
    seed: int,
) -> Head:
    train, validation = samples
    targets = photo_targets(train, label, weights)
    rows = np.tile(np.arange(len(train.event)), views)
    known = np.tile(train.known(label.name)[train.event], views)
    learnt, inputs = targets.take(rows[known]), rotated[known]
    if validation is not None and held_out is not None and validation.known(label.name).any():
        unseen = photo_targets(validation, label, weights)
        point = fit_with_validation(
            inputs, rotation.variance, learnt, lambda one: unseen.loss(one.logits(held_out))
        )
    else:
        group = train.group[train.event][rows[known]]
        if len(np.unique(group)) < 2:  # one place: events are all there is to hold out
            group = train.event[rows[known]]
        point = fit_with_cross_validation(inputs, rotation.variance, learnt, group, seed)
    multi_label = train.truth[label.name].ndim == 2
    return make_head(rotation, point, label.classes, multi_label)
