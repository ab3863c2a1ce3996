"""Aggregate the probabilities of an event's photos."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.predictions import ImagePrediction, Probabilities
from ctc.errors import CtcError, PluginError
from ctc.plugin import Aggregation, AggregationContext
from ctc.plugin.third_party import plugin_label

ABSENT = "absent"
"""The first class of a label that is aggregated class by class."""


def aggregate(
    aggregation: Aggregation,
    photos: Sequence[ImagePrediction],
    classes: LabelClasses,
    multi_label: Collection[str] = (),
    weights: Sequence[float] = (),
) -> Probabilities:
    """Return the probabilities of an event, label by label, from those of at least one photo.

    `classes`: the labels to aggregate, with the classes of the probabilities. Each class of a
    `multi_label` label is aggregated separately, as the two probabilities that it is absent and
    present. `weights`: see `AggregationContext`. Raises PluginError, naming the aggregation, when
    it fails or returns anything but one finite number per class.
    """
    return {
        label: (
            _combine_per_class if label in multi_label and not aggregation.by_class else _combine
        )(
            aggregation,
            np.array([photo.probabilities[label] for photo in photos]),
            AggregationContext(
                label=label, classes=names, photos=tuple(photos), weights=tuple(weights)
            ),
        )
        for label, names in classes.items()
    }


def _combine_per_class(
    aggregation: Aggregation, values: NDArray[np.float32], context: AggregationContext
) -> NDArray[np.float32]:
    return np.array(
        [
            _combine(
                aggregation,
                np.stack([1 - present, present], axis=1),
                replace(context, classes=(ABSENT, name)),
            )[1]
            for name, present in zip(context.classes, values.T, strict=True)
        ],
        np.float32,
    )


def _combine(
    aggregation: Aggregation, values: NDArray[np.float32], context: AggregationContext
) -> NDArray[np.float32]:
    label = plugin_label(aggregation.combine, f"aggregation '{aggregation.name}'")
    try:
        combined = np.asarray(aggregation.run(values, context), np.float32)
    except CtcError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise PluginError(f"{label} failed: {type(error).__name__}: {error}") from error
    if combined.shape != values.shape[1:] or not np.isfinite(combined).all():
        raise PluginError(
            f"{label} returned {combined.tolist()} for {values.shape[1]} classes,"
            " not one number for each"
        )
    return combined
