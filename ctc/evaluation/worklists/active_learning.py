"""Active learning: ranks unlabelled events by uncertainty, class rarity and location novelty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import (
    EvaluationData,
    Int32Array,
    ProbabilityMatrix,
    is_known,
)
from ctc.evaluation.statistics.exact import Float64Array

RARITY_WEIGHT = 0.5
NOVELTY_WEIGHT = 0.5


@dataclass(frozen=True)
class AcquisitionScores:
    """Scores of M events without a label, most valuable first; `event` (M,) are their numbers.

    `value` = (uncertainty + rarity / 2 + novelty / 2) / √rank, where rank is 1 for the best event
    of a location and class, 2 for the next, and so on, so that one camera doesn't fill the list.
    """

    event: NDArray[np.int64]
    uncertainty: Float64Array
    rarity: Float64Array
    novelty: Float64Array
    value: Float64Array


def rank_for_labelling(data: EvaluationData, label: str) -> AcquisitionScores:
    """Score the events without a ground truth for `label`, unless another label calls them empty.

    Each part is from 0 to 1:

    - Uncertainty: 1 − the margin between the two most probable classes (Scheffer et al. 2001).
    - Rarity: √((1 + n of the rarest class) / (1 + n)), where n counts labelled events of a class,
      averaged over the classes weighted by their probabilities.
    - Novelty: 1 / √(1 + labelled events at the location).
    """
    truth = data.truth.get(label, np.full(len(data.event_ids), MISSING, np.int32))
    labelled = is_known(truth)
    event = np.flatnonzero((truth == MISSING) & ~_is_empty(data))
    probabilities = data.events.probabilities[label][event]
    uncertainty = _uncertainty(probabilities)
    rarity = _rarity(truth[labelled], probabilities)
    novelty = _novelty(data.location, labelled)[event]
    value = uncertainty + RARITY_WEIGHT * rarity + NOVELTY_WEIGHT * novelty
    value /= np.sqrt(_rank_in_group(value, data.location[event], probabilities.argmax(axis=1)))
    order = np.argsort(-value, kind="stable")
    return AcquisitionScores(
        event[order], uncertainty[order], rarity[order], novelty[order], value[order]
    )


def _is_empty(data: EvaluationData) -> NDArray[np.bool_]:
    """Return (E,) whether some label's truth is a class that means empty."""
    found = np.zeros(len(data.event_ids), np.bool_)
    for label, truth in data.truth.items():
        blank = np.array(
            [*(observation_type(name) == "blank" for name in data.classes[label]), False]
        )
        found |= blank[np.where(is_known(truth), truth, -1)]
    return found


def _uncertainty(probabilities: ProbabilityMatrix) -> Float64Array:
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    best = np.partition(probabilities.astype(np.float64), -2, axis=1)[:, -2:]
    return np.asarray(1 - (best[:, 1] - best[:, 0]))


def _rarity(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    n = 1 + np.bincount(truth, minlength=probabilities.shape[1])
    return np.asarray(probabilities @ np.sqrt(n.min() / n))


def _novelty(location: Int32Array, labelled: NDArray[np.bool_]) -> Float64Array:
    """Return the novelty (E,), 0 for events whose location is unknown."""
    n = np.bincount(
        location[labelled & (location >= 0)], minlength=int(location.max(initial=-1)) + 1
    )
    novelty = 1 / np.sqrt(1 + np.append(n, 0)[location])
    return np.where(location >= 0, novelty, 0.0)


def _rank_in_group(
    value: Float64Array, location: Int32Array, top: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return (M,): 1 for the highest value of each location and class, 2 for the next, …"""
    order = np.lexsort((-value, top, location))
    changes = np.append(True, (np.diff(location[order]) != 0) | (np.diff(top[order]) != 0))[
        : len(order)
    ]
    start = np.maximum.accumulate(np.where(changes, np.arange(len(order)), 0))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - start + 1
    return rank
