"""How often the heads are right about the events of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import ImagePrediction
from ctc.features.intervals import Share, share_of
from ctc.features.probe.fitting.heads import Heads
from ctc.features.probe.samples import Samples
from ctc.inference.pipeline.aggregation import aggregate
from ctc.plugin import Aggregation


def event_probabilities(
    heads: Heads, samples: Samples, aggregation: Aggregation
) -> Mapping[str, NDArray[np.float32]]:
    """Return the probabilities of each event, float32 (E, classes) per label."""
    photos = heads.predict(samples.features["original"])
    classes = {label: head.classes for label, head in heads.labels.items()}
    multi_label = [label for label, head in heads.labels.items() if head.multi_label]
    bounds = np.searchsorted(samples.event, np.arange(len(samples.event_ids) + 1)).tolist()
    events = [
        aggregate(
            aggregation,
            [
                ImagePrediction("", {label: values[row] for label, values in photos.items()})
                for row in range(start, end)
            ],
            classes,
            multi_label,
        )
        for start, end in pairwise(bounds)
    ]
    return {label: np.stack([one[label] for one in events]) for label in classes}


def right_events(probabilities: NDArray[np.float32], truth: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return bool (E,): whether the most probable class is a true one; `truth` as in `Samples`."""
    top = probabilities.argmax(axis=1)
    if truth.ndim == 2:
        return np.asarray(truth[np.arange(len(top)), top] == 1)
    return np.asarray(top == truth)


def accuracies(
    heads: Heads, samples: Samples, aggregation: Aggregation, labels: Sequence[str]
) -> dict[str, Share]:
    """Return the accuracy per label over the events whose label is known, if there are any."""
    answers = event_probabilities(heads, samples, aggregation)
    found = {}
    for label in labels:
        known = samples.known(label)
        if known.any():
            right = right_events(answers[label][known], samples.truth[label][known])
            found[label] = share_of(right, samples.place[known])
    return found
