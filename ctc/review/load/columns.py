"""Predictions of a review as columns, with those of events made from those of photos."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ctc.evaluation.answers.aggregation import AggregatorFactory, aggregate_by_event
from ctc.evaluation.answers.collector import factorize
from ctc.evaluation.answers.multi_label_truth import encode_multi_hot
from ctc.evaluation.answers.predictions import (
    EvaluationData,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.review.load.drafts import Drafts, ProbabilityTable


def to_columns(drafts: Drafts, aggregators: AggregatorFactory) -> EvaluationData:
    """Return the predictions of all events, without ground truth.

    Raises InputError if an event, photo or box lacks a label.
    """
    n = len(drafts.events)
    tables = drafts.of_events or drafts.of_units
    classes = {label: table.classes for label, table in tables.items()}
    first_photos = tuple(next(iter(event.photos), "") for event in drafts.events)
    if drafts.of_events:
        numbers = np.arange(n, dtype=np.int32)
        events = UnitPredictions(numbers, first_photos, _matrices(drafts.of_events, n))
    else:
        owners = np.asarray(drafts.unit_events).astype(np.int32)
        units = UnitPredictions(
            owners, ("",) * len(owners), _matrices(drafts.of_units, len(owners))
        )
        events = aggregate_by_event(units, n, aggregators(drafts.multi_label), classes)
    location, locations = factorize([event.place for event in drafts.events])
    return EvaluationData(
        classes=classes,
        event_ids=tuple(event.id for event in drafts.events),
        truth={},
        photos_in_event=np.array([len(event.photos) for event in drafts.events], np.int32),
        location=location,
        locations=locations,
        light=np.full(n, -1, np.int8),
        timestamps=tuple(event.time for event in drafts.events),
        events=events,
        photos=None,
        multi_label={
            label: encode_multi_hot([()] * n, classes[label])[0] for label in drafts.multi_label
        },
    )


def _matrices(tables: Mapping[str, ProbabilityTable], rows: int) -> dict[str, ProbabilityMatrix]:
    return {label: table.to_matrix(rows, label) for label, table in tables.items()}
