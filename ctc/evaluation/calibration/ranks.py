"""Thresholds of ranks: how sure a taxon must be to be the answer of `ctc predict --roll-up`.

Answers are rolled up as in `ctc/inference/decisions/ranks.py`: of those that no class's threshold
accepts, the ones that the lowest rank accepts are answered there, the rest go up. So the promise of
a rank is about the answers that are given there. A taxon is right if the truth belongs to it, be
the truth a class that the model knows or another one that has an entry in the taxonomy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.threshold_promise import ClassThreshold, ThresholdPromise
from ctc.artifacts.taxonomy import Taxonomy, animal_lineages
from ctc.evaluation.answers.predictions import (
    FOREIGN,
    EvaluationData,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.evaluation.calibration.promises.promise_fit import event_setup, promise_scope
from ctc.evaluation.calibration.promises.promise_text import networks
from ctc.evaluation.calibration.thresholds import Answers, Goal, class_thresholds
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters
from ctc.evaluation.statistics.exact import Int64Array
from ctc.inference.decisions.ranks import ROLL_UP, RankGroups, rank_groups
from ctc.reporting import counted

THRESHOLDS = "thresholds"


@dataclass(frozen=True)
class RankEvidence:
    """N predictions with a known truth, by name, and what they are evidence of; see `Answers`."""

    truth: tuple[str, ...]
    probabilities: ProbabilityMatrix
    cluster: Int64Array
    event: Int64Array
    location: Int64Array
    day: NDArray[np.str_]

    def answers(self, rows: Int64Array, score: ProbabilityMatrix, right: NDArray[Any]) -> Answers:
        """Return the rows as answers of one class, which are right or wrong."""
        return Answers(
            np.where(right, 0, FOREIGN).astype(np.int32),
            score[:, np.newaxis],
            self.cluster[rows],
            self.event[rows].astype(np.int32),
            self.location[rows],
            self.day[rows],
        )


def fit_ranks(
    data: EvaluationData, info: ModelInfo, config: CalibrateConfig
) -> dict[str, list[dict[str, Any]]]:
    """Return an entry for every label with a taxonomy, of events and of photos; a `PromiseFit`.

    `info` has the promised thresholds of classes.
    """
    entries = [
        _entry(data, predictions, promise, info.taxonomy[promise.label], config)
        for promise in map(ThresholdPromise.from_json, info.promises.get(THRESHOLDS, ()))
        if any(animal_lineages(info.taxonomy.get(promise.label, {})).values())
        and (predictions := _predictions(data, promise, config)) is not None
    ]
    return {ROLL_UP: entries} if entries else {}


def _predictions(
    data: EvaluationData, promise: ThresholdPromise, config: CalibrateConfig
) -> UnitPredictions | None:
    """Return the predictions that a promise is about, None for another aggregation."""
    chosen = event_setup(config.scoring, config.detector)
    if promise.made_for == chosen:
        return data.events
    return data.photos if promise.made_for == chosen.of_photos else None


def _entry(
    data: EvaluationData,
    predictions: UnitPredictions,
    promise: ThresholdPromise,
    taxonomy: Taxonomy,
    config: CalibrateConfig,
) -> dict[str, Any]:
    label, clusters = promise.label, Clusters.of_events(data)
    goal = Goal(config.precision, 1 - config.confidence, promise_scope(clusters, config))
    evidence = rank_evidence(data, predictions, label, clusters, goal)
    found = rank_thresholds(evidence, data.classes[label], taxonomy, promise.thresholds, goal)
    return {
        "label": label,
        "made_for": promise.made_for.to_json(),
        "scope": goal.scope,
        "precision": config.precision,
        "confidence": config.confidence,
        "events": len(np.unique(evidence.event)),
        "thresholds": promise.thresholds,
        "ranks": {one.name: one.to_json() for one in found},
    }


def rank_evidence(
    data: EvaluationData, predictions: UnitPredictions, label: str, clusters: Clusters, goal: Goal
) -> RankEvidence:
    """Return the predictions of a label whose truth is known, also by another name."""
    truth = data.truth[label][predictions.event]
    kept = np.flatnonzero(truth != MISSING)
    event = predictions.event[kept]
    classes, others = data.classes[label], data.foreign_names.get(label, {})
    names = (
        classes[number] if number >= 0 else others.get(one, "")
        for number, one in zip(truth[kept].tolist(), event.tolist(), strict=True)
    )
    return RankEvidence(
        tuple(names),
        predictions.probabilities[label][kept],
        clusters.of_scope(goal.scope)[event],
        event.astype(np.int64),
        clusters.location[event],
        np.array([time[:10] for time in data.timestamps])[event],
    )


def rank_thresholds(
    evidence: RankEvidence,
    classes: Sequence[str],
    taxonomy: Taxonomy,
    limits: Mapping[str, float | None],
    goal: Goal,
) -> tuple[ClassThreshold, ...]:
    """Return the threshold of each rank, the lowest first; `limits` are those of classes."""
    return tuple(_rank_thresholds(evidence, classes, taxonomy, limits, goal))


def _rank_thresholds(
    evidence: RankEvidence,
    classes: Sequence[str],
    taxonomy: Taxonomy,
    limits: Mapping[str, float | None],
    goal: Goal,
) -> Iterator[ClassThreshold]:
    lineages = animal_lineages(taxonomy)
    left = np.flatnonzero(~accepted_classes(evidence.probabilities, classes, limits))
    for groups in rank_groups(classes, taxonomy):
        best, score = groups.best(evidence.probabilities[left])
        named = np.flatnonzero(best >= 0)
        truth = [
            lineages.get(evidence.truth[row], {}).get(groups.rank) for row in left[named].tolist()
        ]
        right = np.array([_name(groups, at) for at in best[named].tolist()], object) == truth
        answers = evidence.answers(left[named], score[named], np.asarray(right, bool))
        (found,) = class_thresholds(answers, (groups.rank,), goal)
        yield found
        if found.threshold is not None:
            left = left[(best < 0) | (score < np.float32(found.threshold))]


def _name(groups: RankGroups, group: int) -> str:
    taxon = groups.taxa[group]
    return taxon[groups.rank] if taxon else ""


def accepted_classes(
    probabilities: ProbabilityMatrix, classes: Sequence[str], limits: Mapping[str, float | None]
) -> NDArray[np.bool_]:
    """Return which of N rows (N, classes) are answered by their class."""
    given = [limits.get(name, 0.0) for name in classes]
    lowest = np.array([np.inf if one is None else one for one in given], np.float32)
    top = probabilities.argmax(axis=1)
    return np.asarray(probabilities[np.arange(len(top)), top] >= lowest[top])


def describe_ranks(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each rank: what is promised of events, or why nothing is; and a line for the
    ranks of single photos."""
    for entry in entries:
        found = entry["ranks"]
        if entry["made_for"]["unit"] == "photo":
            given = [rank for rank, one in found.items() if one["threshold"] is not None]
            yield f"'{entry['label']}', of single photos: {', '.join(given) or 'no rank'}"
            continue
        yield (
            f"{networks(entry)}ranks of '{entry['label']}', promised for {entry['scope']}: of the "
            f"answers at a rank at least {entry['precision']:.0%} are right, with "
            f"{entry['confidence']:.0%} confidence"
        )
        for rank, one in found.items():
            yield f"  {rank}: {_describe(one)}"


def _describe(found: Mapping[str, Any]) -> str:
    if found["threshold"] is None:
        return f"no promise: {found['refusal']}"
    return (
        f"from {found['threshold']:.3f} on, {found['accepted']:,} of "
        f"{counted(found['answers'], 'event')} that no lower rank answers, "
        f"{found['precision']:.1%} of them right"
    )
