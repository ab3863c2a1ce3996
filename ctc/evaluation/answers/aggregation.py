"""Aggregation of photo predictions to event predictions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import Probabilities
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import UnitPredictions

Aggregator = Callable[[Sequence[Probabilities]], Probabilities]
"""Combines the probabilities of an event's photos into those of the event."""

AggregatorFactory = Callable[[Collection[str]], Aggregator]
"""Makes an Aggregator, given the names of the multi-label labels."""


def aggregator_factory(name: str) -> AggregatorFactory:
    """Return the factory of the aggregation plugin called `name`.

    Raises PluginError if there is no such plugin.
    """
    from ctc.inference.pipeline.aggregation import aggregate
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins

    aggregation = plugins().get(Aggregation, name)

    def combine(multi_label: Collection[str], photos: Sequence[Probabilities]) -> Probabilities:
        return aggregate(aggregation, photos, photos[0], multi_label)

    return lambda multi_label: partial(combine, multi_label)


def aggregate_by_event(
    photos: UnitPredictions | None, n_events: int, aggregator: Aggregator
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
        event = aggregator(
            [{label: values[row] for label, values in photos.probabilities.items()} for row in rows]
        )
        for label, values in event.items():
            combined[label].append(values)
    return UnitPredictions(
        np.arange(n_events, dtype=np.int32),
        tuple(photos.paths[row] for row in order[bounds[:-1]].tolist()),
        {label: np.stack(values).astype(np.float32) for label, values in combined.items()},
    )
