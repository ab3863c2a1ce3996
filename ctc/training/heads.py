"""Heads: one question each, asked of the same features."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras

Tensor = Any


def logits(features: Tensor, labels: Mapping[str, int]) -> dict[str, Tensor]:
    """Per label (name → number of classes) the unscaled scores (N, classes), from features (N, channels).

    Layers are named `head_0`, `head_1`, … because a label's name may hold what a layer's name can't.
    """
    return {
        label: keras.layers.Dense(classes, kernel_initializer="he_normal", dtype="float32", name=f"head_{place}")(
            features
        )
        for place, (label, classes) in enumerate(labels.items())
    }


def probabilities(scores: Mapping[str, Tensor], multi_label: Collection[str]) -> dict[str, Tensor]:
    """Softmax of every label's scores, of those `multi_label` the sigmoid of each."""

    def activation(label: str, place: int) -> keras.layers.Layer:
        if label in multi_label:
            return keras.layers.Activation("sigmoid", dtype="float32", name=f"sigmoid_{place}")
        return keras.layers.Softmax(dtype="float32", name=f"softmax_{place}")

    return {label: activation(label, place)(score) for place, (label, score) in enumerate(scores.items())}
