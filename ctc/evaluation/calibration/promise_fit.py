"""The contract of a fit of promises: what is proven about a calibrated model on a split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.promises import PredictionSetup
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.config import CalibrateConfig, ScoringConfig

PromiseEntries = Mapping[str, Sequence[Mapping[str, Any]]]
"""Entries of `ModelInfo.promises` by kind, as JSON."""

PromiseFit = Callable[[EvaluationData, ModelInfo, CalibrateConfig], PromiseEntries]
"""Fits promises to the predictions of the calibrated model; none where nothing is asked for.

A truth that the model doesn't know is FOREIGN in the data: it counts as wrong.
"""


def event_setup(scoring: ScoringConfig) -> PredictionSetup:
    """Return how events are predicted that are scored in this way."""
    return PredictionSetup(
        "event",
        scoring.aggregation,
        dict(scoring.aggregation_options),
        flips=scoring.flips,
    )
