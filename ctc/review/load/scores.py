"""What the queues of a review are ordered by: doubt, worth of a label, likely label errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import EvaluationData, is_known
from ctc.evaluation.worklists.active_learning import rank_for_labelling
from ctc.evaluation.worklists.label_errors import find_label_errors

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelScores:
    """Scores of one label for E events, not a number where they do not apply.

    `doubt`: 1 − the margin between the two most probable classes. `worth`: `rank_for_labelling`.
    `label_error`: 1 − the probability of the true class where another is more probable, plus 1
    where the model is confident, so that the order is that of `find_label_errors`.
    """

    doubt: Floats
    worth: Floats
    label_error: Floats


def score_label(data: EvaluationData, label: str) -> LabelScores:
    """Return the scores of a label; one with several classes at once has its doubt alone."""
    probabilities = data.events.probabilities[label].astype(np.float64)
    nothing = np.full(len(probabilities), np.nan)
    if label in data.multi_label:
        return LabelScores(_presence_doubt(probabilities), nothing, nothing)
    return LabelScores(_doubt(probabilities), _worth(data, label), _label_errors(data, label))


def blank_probabilities(data: EvaluationData) -> Floats | None:
    """Return the probability that an event is empty, by the first label that has such a class."""
    for label, classes in data.classes.items():
        blank = [observation_type(name) == "blank" for name in classes]
        if any(blank):
            total = data.events.probabilities[label][:, blank].astype(np.float64).sum(axis=1)
            return np.asarray(np.minimum(total, 1.0))
    return None


def _doubt(probabilities: Floats) -> Floats:
    if probabilities.shape[1] < 2:
        return np.asarray(1 - probabilities[:, 0])
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(1 - (best[:, 1] - best[:, 0]))


def _presence_doubt(probabilities: Floats) -> Floats:
    """Return 1 for an event with a class whose presence is as likely as not, 0 if all are sure."""
    return np.asarray(1 - 2 * np.abs(probabilities - 0.5).min(axis=1))


def _worth(data: EvaluationData, label: str) -> Floats:
    worth = np.full(len(data.event_ids), np.nan)
    ranked = rank_for_labelling(data, label)
    worth[ranked.event] = ranked.value
    return worth


def _label_errors(data: EvaluationData, label: str) -> Floats:
    errors = np.full(len(data.event_ids), np.nan)
    truth = data.truth.get(label, np.full(len(errors), MISSING, np.int32))
    known = np.flatnonzero(is_known(truth))
    if not len(known):
        return errors
    probabilities = data.events.probabilities[label][known]
    found = find_label_errors(truth[known], probabilities)
    own = probabilities[found.row, truth[known][found.row]]
    errors[known[found.row]] = (1 - own) + found.is_confident
    return errors
