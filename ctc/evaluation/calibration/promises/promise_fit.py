"""The contract of a fit of promises: what is proven about a calibrated model on a split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.config import CalibrateConfig, DetectorConfig, ScoringConfig
from ctc.evaluation.statistics.clusters import Clusters, Scope
from ctc.inference.config import detector_setup
from ctc.inference.prediction_setup import prediction_setup

PromiseEntries = Mapping[str, Sequence[Mapping[str, Any]]]
"""Entries of `ModelInfo.promises` by kind, as JSON."""

PromiseFit = Callable[[EvaluationData, ModelInfo, CalibrateConfig], PromiseEntries]
"""Fits promises to the predictions of the calibrated model; none where nothing is asked for.

A truth that the model doesn't know is FOREIGN in the data: it counts as wrong.
"""


def event_setup(scoring: ScoringConfig, detector: DetectorConfig | None = None) -> PredictionSetup:
    """Return how events are predicted that are scored in this way."""
    used = (
        detector_setup(detector.path, detector.boxes, detector.tiles, detector.cascade)
        if detector
        else ""
    )
    return prediction_setup(scoring.aggregation, scoring.aggregation_options, used, scoring.flips)


def promise_scope(clusters: Clusters, config: CalibrateConfig) -> Scope:
    """Return whom the promises are for: as asked for, else new locations where some are known.

    Raises InputError where new locations are asked for and the split says nothing about locations.
    """
    if config.promise_for is None:
        return clusters.scope
    if config.promise_for == "new-locations" and not clusters.has_locations:
        raise InputError(
            "the events of the split are not from at least two locations that are known, which a "
            f"promise for new locations needs: name the column with --location (now "
            f"'{config.scoring.location}'), or give --promise-for same-locations"
        )
    return "new locations" if config.promise_for == "new-locations" else "same locations"
