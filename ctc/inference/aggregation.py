"""From the photos of an event to the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import Probabilities
from ctc.errors import CtcError, PluginError
from ctc.plugin import Aggregation
from ctc.plugin.guests import blamed


def aggregate(
    aggregation: Aggregation, photos: Sequence[Probabilities], labels: Mapping[str, tuple[str, ...]]
) -> Probabilities:
    """Combine what the model says of each photo, label by label; one photo or more.

    Raises PluginError, naming the aggregation, when it fails or gives anything but one finite number per class.
    """
    return {label: _combine(aggregation, np.stack([photo[label] for photo in photos])) for label in labels}


def _combine(aggregation: Aggregation, values: NDArray[np.float32]) -> NDArray[np.float32]:
    named = blamed(aggregation.combine, f"aggregation '{aggregation.name}'")
    try:
        combined = np.asarray(aggregation.combine(values), np.float32)
    except CtcError:
        raise
    except Exception as error:  # a guest may raise anything
        raise PluginError(f"{named} failed: {type(error).__name__}: {error}") from error
    if combined.shape != values.shape[1:] or not np.isfinite(combined).all():
        raise PluginError(f"{named} gave {combined.tolist()} for {values.shape[1]} classes, not a number for each")
    return combined
