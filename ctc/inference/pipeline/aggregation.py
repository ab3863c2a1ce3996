"""Aggregate the probabilities of an event's photos."""

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
    """Return the probabilities of an event, label by label, from those of at least one photo.

    Each class of a `multi_label` label is aggregated separately, as the two probabilities that it
    is absent and present. Raises PluginError, naming the aggregation, when it fails or returns
    anything but one finite number per class.
    """
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
    binary = (np.stack([1 - present, present], axis=1) for present in values.T)
    return np.array([_combine(aggregation, both)[1] for both in binary], np.float32)


def _combine(aggregation: Aggregation, values: NDArray[np.float32]) -> NDArray[np.float32]:
    label = plugin_label(aggregation.combine, f"aggregation '{aggregation.name}'")
    try:
        combined = np.asarray(aggregation.combine(values), np.float32)
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
