"""Fit a pooling to the calibrated answers of a split, and pool its events where that pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT, ModelInfo
from ctc.artifacts.model.pooling import ATTENTION, POOLING
from ctc.errors import PluginError
from ctc.evaluation.answers.aggregation import aggregate_by_event, aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.answers.score_split import PredictFn
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.pooling.answers import Answers, Floats, PoolingData, clipped_logs
from ctc.evaluation.pooling.descriptors import Descriptors, Scorer
from ctc.evaluation.pooling.fit import MEAN, FittedPooling, fit_pooling
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.prediction_setup import prediction_setup
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.reporting import Reporter
from ctc.runtime.session import Model


@dataclass(frozen=True)
class PooledAnswers:
    """The fit of a pooling.

    `data`: the answers for events, pooled by the parameters that their place was not part of.
    `scorer`: what the network is to compute. `fitted`: with its test.
    """

    data: EvaluationData
    scorer: Scorer
    fitted: FittedPooling

    def options(self, config: CalibrateConfig) -> CalibrateConfig:
        """Return the options for what is fitted to the pooled answers."""
        scoring = replace(config.scoring, aggregation=ATTENTION, aggregation_options={})
        return replace(config, scoring=scoring)

    def promises(self, fitted_on: Mapping[str, str]) -> dict[str, Any]:
        """Return its entry for `ModelInfo.promises`."""
        setup = prediction_setup(ATTENTION, {})
        labels = self.fitted.labels
        entry = {"label": labels[0], "made_for": setup.to_json(), **self.fitted.to_json()}
        return {POOLING: [{**entry, **fitted_on}]}


def with_features(model: Model) -> PredictFn:
    """Return what predicts a batch with the features of its photos."""
    return partial(model.run, outputs=(*model.info.labels, FEATURES_OUTPUT))


def pool_where_it_pays(
    data: EvaluationData,
    features: NDArray[np.float32] | None,
    info: ModelInfo,
    reporter: Reporter,
) -> PooledAnswers | None:
    """Return the pooled answers, or none, and tell the user why.

    `features`: None where nothing is to be fitted.
    """
    if features is None:
        return None
    found = pool_answers(data, features, info)
    if isinstance(found, str):
        reporter.info(found)
        return None
    told = found.fitted.describe()
    if not found.fitted.pays:
        reporter.info(
            f"events are aggregated by the mean, since a learnt pooling does not pay: {told}"
        )
        return None
    reporter.info(f"events are pooled by attention: {told}")
    return found


def pool_answers(
    data: EvaluationData, features: NDArray[np.float32], info: ModelInfo
) -> PooledAnswers | str:
    """Return the pooled answers of a split, or why nothing could be fitted.

    `data`: the calibrated answers, with those of photos. `features` (P, size): of the photos.
    """
    photos, labels = data.photos, (*data.truth, *data.multi_label)
    if photos is None or not labels:
        return "no pooling was fitted: it needs answers for photos"
    order = np.argsort(photos.event, kind="stable")
    event = photos.event[order].astype(np.int64)
    counts = np.bincount(event, minlength=len(data.event_ids))
    if counts.max() < 2:
        return "no pooling was fitted: no event has several photos"
    classes = {label: len(names) for label, names in info.labels.items()}
    several = counts > 1
    descriptors = Descriptors.fit(features, several[photos.event], int(several.sum()), classes)
    described = descriptors.describe(features, photos.probabilities)
    clusters = Clusters.of_events(data)
    group = clusters.of_scope(clusters.scope)
    answers, weights = _answers(data, photos, order)
    found = fit_pooling(
        PoolingData(described[order], event, group, answers, weights),
        _others(data, photos),
        labels,
    )
    if isinstance(found, str):
        return found
    pooled = _with_held_out(data, photos, described, found)
    return PooledAnswers(pooled, descriptors.scorer(found.parameters.direction), found)


def _with_held_out(
    data: EvaluationData, photos: UnitPredictions, described: Floats, found: FittedPooling
) -> EvaluationData:
    """Return the data with events pooled by the parameters that they were not part of."""
    attention = np.full((len(photos), 3), float(found.most_photos))
    fold = found.folds[photos.event]
    for number, parameters in enumerate(found.held_out):
        rows = fold == number
        attention[rows, 0] = described[rows] @ parameters.direction
        attention[rows, 1] = parameters.growth
    return pool_by(data, photos, attention)


def pool_by(
    data: EvaluationData, photos: UnitPredictions, attention: NDArray[np.float64]
) -> EvaluationData:
    """Return the data with events pooled by the attention (P, 3) of their photos."""
    pooled = replace(photos, attention=attention)
    aggregator = aggregator_factory(ATTENTION, {})(tuple(data.multi_label))
    events = aggregate_by_event(pooled, len(data.event_ids), aggregator, data.classes)
    return replace(data, photos=pooled, events=events)


def _answers(
    data: EvaluationData, photos: UnitPredictions, order: NDArray[np.intp]
) -> tuple[dict[str, Answers], dict[str, float]]:
    """Return the answers of photos in that order, and how much each counts."""
    answers, weights = {}, {}
    for label, truth in data.truth.items():
        logs = clipped_logs(photos.probabilities[label][order])
        answers[label], weights[label] = Answers(logs, truth.astype(np.int64)), 1.0
    for label, present in data.multi_label.items():
        values = photos.probabilities[label][order]
        for place, name in _parts(data, label):
            logs = clipped_logs(_two(values, place))
            answers[name] = Answers(logs, present[:, place].astype(np.int64))
            weights[name] = 1 / present.shape[1]
    return answers, weights


def _others(data: EvaluationData, photos: UnitPredictions) -> dict[str, dict[str, Floats]]:
    """Return the probabilities of events by each aggregation that needs no option."""
    found = {}
    for name, record in plugins().all(Aggregation).items():
        if record.needs_attention or any(option.required for option in record.options):
            continue
        aggregator = aggregator_factory(name, {})(tuple(data.multi_label))
        try:
            events = aggregate_by_event(photos, len(data.event_ids), aggregator, data.classes)
        except PluginError:
            if name == MEAN:
                raise
            continue  # ctc calibrate tells of it where it fits thresholds
        values = events.probabilities
        found[name] = {label: np.asarray(values[label], np.float64) for label in data.truth} | {
            part: np.asarray(_two(values[label], place), np.float64)
            for label in data.multi_label
            for place, part in _parts(data, label)
        }
    return found


def _parts(data: EvaluationData, label: str) -> list[tuple[int, str]]:
    return [(place, f"{label}/{name}") for place, name in enumerate(data.classes[label])]


def _two(values: NDArray[np.float32], place: int) -> NDArray[np.float32]:
    """Return the probabilities that a class is absent and present, (N, 2)."""
    return np.stack([1 - values[:, place], values[:, place]], axis=1)
