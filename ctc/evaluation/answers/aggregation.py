"""Aggregation of photo predictions to event predictions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.model.pooling import Attention
from ctc.artifacts.predictions import ImagePrediction, Probabilities
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import UnitPredictions

Aggregator = Callable[[Sequence[ImagePrediction], LabelClasses], Probabilities]
"""Combines the predictions of an event's photos into those of the event, for these classes."""

AggregatorFactory = Callable[[Collection[str]], Aggregator]
"""Makes an Aggregator, given the names of the multi-label labels."""


def aggregator_factory(name: str, options: Mapping[str, Any]) -> AggregatorFactory:
    """Return the factory of the aggregation plugin called `name`.

    `options`: those of the plugin that are given, by key. Raises CtcError if there is no such
    plugin or option.
    """
    from ctc.inference.pipeline.aggregation import aggregate
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins
    from ctc.plugin.option_values import bind_options

    aggregation = bind_options(plugins().get(Aggregation, name), options)

    def combine(
        multi_label: Collection[str], photos: Sequence[ImagePrediction], classes: LabelClasses
    ) -> Probabilities:
        return aggregate(aggregation, photos, classes, multi_label)

    return lambda multi_label: partial(combine, multi_label)


def aggregate_by_event(
    photos: UnitPredictions | None, n_events: int, aggregator: Aggregator, classes: LabelClasses
) -> UnitPredictions:
    """Combine the predictions of photos into those of their `n_events` events.

    Raises InputError if there are no photos.
    """
    if photos is None:
        raise InputError("there is no prediction")
    order = np.argsort(photos.event, kind="stable")
    bounds = np.searchsorted(photos.event[order], np.arange(n_events + 1))
    combined: dict[str, list[NDArray[np.float32]]] = {label: [] for label in photos.probabilities}
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end].tolist()
        images = [
            ImagePrediction(
                photos.paths[row],
                {label: values[row] for label, values in photos.probabilities.items()},
                attention=_attention(photos, row),
            )
            for row in rows
        ]
        event = aggregator(images, {label: classes[label] for label in photos.probabilities})
        for label, values in event.items():
            combined[label].append(values)
    return UnitPredictions(
        np.arange(n_events, dtype=np.int32),
        tuple(photos.paths[row] for row in order[bounds[:-1]].tolist()),
        {label: np.stack(values).astype(np.float32) for label, values in combined.items()},
    )


def _attention(photos: UnitPredictions, row: int) -> Attention | None:
    if photos.attention is None:
        return None
    score, growth, most_photos = photos.attention[row].tolist()
    return Attention(score, growth, int(most_photos))
