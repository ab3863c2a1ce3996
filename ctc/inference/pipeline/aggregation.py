"""From the photos of an event to the event."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import Probabilities
from ctc.errors import CtcError, PluginError
from ctc.plugin import Aggregation
from ctc.plugin.third_party import plugin_label


def aggregate(
    aggregation: Aggregation,
    photos: Sequence[Probabilities],
    labels: Iterable[str],
    multi_label: Collection[str] = (),
) -> Probabilities:
    """Combine what the model says of each photo, label by label; one photo or more. Every class of
    a `multi_label` label is a question of its own, with two answers that the aggregation combines:
    it is there, or it is not.

    Raises PluginError, naming the aggregation, when it fails or gives anything but one finite
    number per class."""
    return {
        label: _combine_per_class(aggregation, values)
        if label in multi_label and not aggregation.by_class
        else _combine(aggregation, values)
        for label, values in (
            (label, np.stack([photo[label] for photo in photos])) for label in labels
        )
    }


def _combine_per_class(
    aggregation: Aggregation, values: NDArray[np.float32]
) -> NDArray[np.float32]:
    questions = (np.stack([1 - there, there], axis=1) for there in values.T)
    return np.array([_combine(aggregation, question)[1] for question in questions], np.float32)


def _combine(aggregation: Aggregation, values: NDArray[np.float32]) -> NDArray[np.float32]:
    named = plugin_label(aggregation.combine, f"aggregation '{aggregation.name}'")
    try:
        combined = np.asarray(aggregation.combine(values), np.float32)
    except CtcError:
        raise
    except Exception as error:  # a guest may raise anything
        raise PluginError(f"{named} failed: {type(error).__name__}: {error}") from error
    if combined.shape != values.shape[1:] or not np.isfinite(combined).all():
        raise PluginError(
            f"{named} gave {combined.tolist()} for {values.shape[1]} classes, not a number for each"
        )
    return combined
