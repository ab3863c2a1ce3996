"""Fit prediction sets: which classes hold the truth of an event with a given probability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.evaluation.answers.predictions import (
    FOREIGN,
    EvaluationData,
    UnitPredictions,
    is_known,
)
from ctc.evaluation.calibration.promises.promise_fit import event_setup, promise_scope
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters, Scope
from ctc.evaluation.statistics.conformal import ClassScores, SetLimits, set_limits
from ctc.evaluation.statistics.exact import Int64Array
from ctc.evaluation.statistics.promises import MIN_LOCATIONS

SETS = "sets"
LEVELS = tuple(percent / 100 for percent in range(50, 100))
"""The probabilities P for which limits are kept."""


def fit_sets(
    data: EvaluationData,
    info: ModelInfo,  # noqa: ARG001
    config: CalibrateConfig,
) -> dict[str, list[dict[str, Any]]]:
    """Return the sets of every label with one class per event, per event and photo; a `PromiseFit`.

    Raises InputError as `promise_scope`.
    """
    clusters, setup = Clusters.of_events(data), event_setup(config.scoring, config.detector)
    scope = promise_scope(clusters, config)
    units = [(setup, data.events)]
    if data.photos is not None:
        units.append((setup.of_photos, data.photos))
    entries = [
        entry
        for label in data.truth
        for made_for, unit in units
        for entry in _entries(data, label, unit, clusters.of_scope(scope), scope, made_for)
    ]
    return {SETS: entries} if entries else {}


def _entries(
    data: EvaluationData,
    label: str,
    unit: UnitPredictions,
    cluster: Int64Array,
    scope: Scope,
    made_for: PredictionSetup,
) -> Iterator[dict[str, Any]]:
    """Yield the entry for a label, unless no truth is known."""
    truth = data.truth[label][unit.event]
    known = is_known(truth)
    if not known.any():
        return
    scores = ClassScores(
        truth[known].astype(np.int64),
        unit.probabilities[label][known, truth[known]].astype(np.float64),
        cluster[unit.event[known]],
    )
    found, foreign = len(np.unique(scores.cluster)), int((truth == FOREIGN).sum())
    enough = scope == "same locations" or found >= MIN_LOCATIONS
    classes = data.classes[label]
    levels = set_levels(scores, len(classes), foreign) if enough else {}
    yield {
        "label": label,
        "made_for": made_for.to_json(),
        "scope": scope,
        "confidence": None,
        "events": len(np.unique(unit.event[truth != MISSING])),
        "clusters": found,
        "foreign": foreign,
        "levels": {f"{level:.2f}": _to_json(one, classes) for level, one in levels.items()},
    }


def set_levels(scores: ClassScores, classes: int, foreign: int = 0) -> dict[float, SetLimits]:
    """Return the limits of each of LEVELS that the events carry.

    `foreign`: events of classes that the model doesn't know, which no set holds: so the others are
    held more often.
    """
    total = len(scores.truth) + foreign
    found = {
        level: set_limits(scores, classes, level * total / len(scores.truth)) for level in LEVELS
    }
    return {level: limits for level, limits in found.items() if limits is not None}


def _to_json(limits: SetLimits, classes: Sequence[str]) -> dict[str, Any]:
    own = {classes[number]: value for number, value in limits.own.items()}
    return {"own": own, "others": limits.others}


def describe_sets(entry: Mapping[str, Any]) -> str:
    """Return in a line which sets an entry carries."""
    unit = "locations" if entry["scope"] == "new locations" else "runs of events"
    evidence = f"{entry['events']:,} events of {entry['clusters']:,} {unit}"
    foreign = f", {entry['foreign']:,} of classes that the model doesn't know" * bool(
        entry["foreign"]
    )
    start = f"'{entry['label']}': {evidence}{foreign}"
    if not entry["levels"]:
        return f"{start} are too few for prediction sets"
    return f"{start} carry prediction sets up to --sets {max(entry['levels'])} for {entry['scope']}"
