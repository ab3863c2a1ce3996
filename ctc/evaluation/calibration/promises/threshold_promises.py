"""Thresholds of all labels, for every way of predicting that the split can tell about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.errors import CtcError
from ctc.evaluation.answers.aggregation import aggregate_by_event, aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.calibration.promises.promise_fit import event_setup, promise_scope
from ctc.evaluation.calibration.thresholds import (
    Answers,
    Goal,
    class_thresholds,
    provable_classes,
)
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.prediction_setup import prediction_setup
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins


@dataclass(frozen=True)
class ThresholdFits:
    """Thresholds per label and setup, those of the chosen setup first; `notes`: what failed."""

    promises: tuple[ThresholdPromise, ...]
    notes: tuple[str, ...] = ()

    def of_setup(self, setup: PredictionSetup) -> tuple[ThresholdPromise, ...]:
        """Return the promises of one setup, one per label."""
        return tuple(one for one in self.promises if one.made_for == setup)


def fit_thresholds(
    data: EvaluationData,
    labels: tuple[str, ...],
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
) -> ThresholdFits:
    """Fit thresholds for `labels` to the calibrated predictions of a split.

    For events with the chosen aggregation, for photos, and for events with every other aggregation
    that is installed and needs no option. Raises InputError as `promise_scope`.
    """
    clusters, chosen = Clusters.of_events(data), event_setup(config.scoring, config.detector)
    goal = Goal(config.precision, 1 - config.confidence, promise_scope(clusters, config))
    found: list[ThresholdPromise] = []
    notes: list[str] = []
    units = [(chosen, data.events)]
    if data.photos is not None:
        units.append((chosen.of_photos, data.photos))
        units += _other_aggregations(data, data.photos, labels, chosen, notes)
    for setup, predictions in units:
        found += _fit_setup(data, predictions, labels, clusters, goal, setup, config, fitted_on)
    return ThresholdFits(tuple(found), tuple(notes))


def _other_aggregations(
    data: EvaluationData,
    photos: UnitPredictions,
    labels: tuple[str, ...],
    chosen: PredictionSetup,
    notes: list[str],
) -> Iterator[tuple[PredictionSetup, UnitPredictions]]:
    """Yield the events with each aggregation besides the chosen one; failures become notes."""
    needed = replace(photos, probabilities={one: photos.probabilities[one] for one in labels})
    for name, record in plugins().all(Aggregation).items():
        unknown = record.needs_attention or any(option.required for option in record.options)
        if name == chosen.aggregation or unknown:
            continue
        try:
            aggregator = aggregator_factory(name, {})(())
            events = aggregate_by_event(needed, len(data.event_ids), aggregator, data.classes)
        except CtcError as error:
            notes.append(f"no thresholds for --aggregation {name}: {error}")
            continue
        yield prediction_setup(name, {}, chosen.detector, chosen.flips), events


def _fit_setup(
    data: EvaluationData,
    predictions: UnitPredictions,
    labels: tuple[str, ...],
    clusters: Clusters,
    goal: Goal,
    setup: PredictionSetup,
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
) -> Iterator[ThresholdPromise]:
    answers = {one: _answers(data, predictions, one, clusters, goal) for one in labels}
    if config.joint:
        share = max(1, sum(provable_classes(one, goal) for one in answers.values()))
        goal = replace(goal, tail=goal.tail / share, joint=share)
    for label, known in answers.items():
        events = np.unique(known.event)
        photos = data.photos_in_event[events]
        yield ThresholdPromise(
            label,
            setup,
            goal.scope,
            config.precision,
            config.confidence,
            config.joint,
            events=len(events),
            photos_per_event=(int(photos.min()), float(np.median(photos)), int(photos.max())),
            locations=len(np.unique(known.location[known.location >= 0])),
            classes=class_thresholds(known, data.classes[label], goal),
            foreign=data.foreign.get(label, {}),
            fitted_on=fitted_on,
        )


def _answers(
    data: EvaluationData, predictions: UnitPredictions, label: str, clusters: Clusters, goal: Goal
) -> Answers:
    """Return the answers whose truth is known, also if it is a class that the model isn't."""
    truth = data.truth[label][predictions.event]
    kept = np.flatnonzero(truth != MISSING)
    event = predictions.event[kept]
    return Answers(
        truth[kept],
        predictions.probabilities[label][kept],
        clusters.of_scope(goal.scope)[event],
        event,
        clusters.location[event],
        np.array([time[:10] for time in data.timestamps])[event],
    )
