"""From answers and truth to all figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import FOREIGN, UNITS, Answers, Scored, Unit, known
from ctc.evaluation.metrics.class_metrics import Scores, rare_classes, scores_of
from ctc.evaluation.metrics.coverage import automation
from ctc.evaluation.metrics.empty_removal import empties
from ctc.evaluation.metrics.evaluation import Evaluation, LabelEvaluation, MultiLabelEvaluation, RareClasses, UnitScores
from ctc.evaluation.metrics.intervals import Resampling, share
from ctc.evaluation.metrics.multi_label import multi_label_evaluation
from ctc.evaluation.metrics.reliability import reliability
from ctc.evaluation.metrics.slices import daylight, locations, photos_in_event

TOP = 5


@dataclass(frozen=True)
class Background:
    """What is known beside the answers. `subject`: what was evaluated on what. `trained`: per label how often each class was seen in
    training, in the order of the model's classes. `thresholds`: per label, by class, None where none will do. `calibration`: as the
    model's metadata have it; `uncalibrated`: the answers that the model would give without it."""

    subject: Mapping[str, Any] = field(default_factory=dict)
    trained: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    uncalibrated: Scored | None = None


def evaluate(scored: Scored, background: Background, notes: tuple[str, ...] = ()) -> Evaluation:
    """Raises InputError for probabilities that are none, and when no answer has a truth to compare it with."""
    scored.check()
    labels = {label: _label(scored, label, background) for label in scored.truth}
    judged = {label: found for label, found in labels.items() if found.units}
    several = {label: _several(scored, label, background) for label in scored.multi_label}
    several = {label: found for label, found in several.items() if found.units}
    if not judged and not several:
        raise InputError(
            "no answer can be compared: the truth of every label is missing or a class that the model doesn't know"
        )
    return Evaluation(
        background.subject,
        events=len(scored.ids),
        photos=None if scored.photos is None else len(scored.photos),
        labels=judged,
        notes=(*notes, *_left_out(scored, judged, several)),
        calibration=background.calibration,
        multi_label=several,
    )


def _several(scored: Scored, label: str, background: Background) -> MultiLabelEvaluation:
    rare = partial(_rare, trained=background.trained.get(label))
    return multi_label_evaluation(scored, label, background.thresholds.get(label), rare)


def _label(scored: Scored, label: str, background: Background) -> LabelEvaluation:
    units: dict[Unit, UnitScores] = {}
    for unit in UNITS:
        answers = scored.of(unit)
        if answers is not None and known(scored.truth[label][answers.event]).any():
            units[unit] = _unit(scored, answers, unit, label, background)
    return LabelEvaluation(scored.classes[label], scored.foreign.get(label, {}), units)


def _unit(scored: Scored, answers: Answers, unit: Unit, label: str, background: Background) -> UnitScores:
    classes, of_all = scored.classes[label], scored.truth[label][answers.event]
    kept = np.flatnonzero(known(of_all))
    event, truth, probabilities = answers.event[kept], of_all[kept], answers.probabilities[label][kept]
    top = probabilities.argmax(axis=1)
    right, foreign = int((top == truth).sum()), int((of_all == FOREIGN).sum())
    scores = scores_of(truth, probabilities, classes, Resampling.of(event))
    before = background.uncalibrated and background.uncalibrated.of(unit)
    return UnitScores(
        n=len(kept),
        missing=int((of_all == MISSING).sum()),
        foreign=foreign,
        top_1=share(right, len(kept)),
        top_5=share(int(in_top(truth, probabilities, TOP).sum()), len(kept)),
        top_1_with_foreign=right / (len(kept) + foreign),
        classes=scores.by_class(),
        macro=scores.macro(),
        weighted=scores.weighted(),
        confusion=_confusion(truth, top, len(classes)),
        rare=_rare(scores, background.trained.get(label)),
        daylight=daylight(scored.night[event], truth, top),
        photos_in_event=photos_in_event(scored.photos_in_event[event], truth, top),
        locations=locations(scored.locations, scored.location[event].astype(np.int64), truth, top),
        reliability=reliability(truth, probabilities),
        uncalibrated=reliability(truth, before.probabilities[label][kept]) if before else None,
        automation=automation(truth, probabilities, _thresholds(background.thresholds.get(label), classes)),
        empties=empties(truth, probabilities, classes),
    )


def in_top(truth: NDArray[np.int32], probabilities: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    """(N,): whether fewer than `k` classes are more probable than the truth."""
    of_truth = probabilities[np.arange(len(truth)), truth]
    return np.asarray((probabilities > of_truth[:, None]).sum(axis=1) < k)


def _confusion(truth: NDArray[np.int32], top: NDArray[np.int64], classes: int) -> tuple[tuple[int, ...], ...]:
    from sklearn.metrics import confusion_matrix

    return tuple(map(tuple, confusion_matrix(truth, top, labels=np.arange(classes)).tolist()))


def _rare(scores: Scores, trained: tuple[int, ...] | None) -> RareClasses:
    rare = rare_classes(trained or tuple(scores.support.tolist()))
    occurs = scores.support > 0
    names = tuple(name for name, chosen in zip(scores.classes, rare & occurs, strict=True) if chosen)
    means = [scores.macro(chosen) if (chosen & occurs).any() else None for chosen in (rare, ~rare)]
    return RareClasses(names, *means)


def _thresholds(values: Mapping[str, float | None] | None, classes: tuple[str, ...]) -> NDArray[np.float32] | None:
    """Infinite where no threshold will do."""
    if not values:
        return None
    told = [values.get(name, 0.0) for name in classes]
    return np.array([np.inf if one is None else one for one in told], np.float32)


def _left_out(
    scored: Scored, judged: Mapping[str, LabelEvaluation], several: Mapping[str, MultiLabelEvaluation]
) -> list[str]:
    notes = []
    if scored.photos is None:
        notes.append("figures per photo are left out: only answers for whole events are known")
    for title, values in (("location", scored.location), ("day and night", scored.night)):
        if not (values >= 0).any():
            notes.append(f"figures by {title} are left out: no event tells")
    if not scored.photos_in_event.any():
        notes.append("figures by number of photos are left out: no event tells")
    events = {label: found.units["event"] for label, found in judged.items()}
    if events and not any(scores.empties for scores in events.values()):
        notes.append(
            "empty against animal is left out: no label has empty events, of a class such as 'empty', and others"
        )
    for label in scored.classes:
        if label in several:
            continue
        if label not in judged:
            notes.append(f"label '{label}' is left out: its truth is not known for any event")
            continue
        present = [one.name for one in events[label].classes if one.support]
        if len(present) == 1:
            notes.append(f"'{label}' has only one class in the truth, '{present[0]}': its figures say little")
    for label, foreign in scored.foreign.items():
        listed = ", ".join(f"'{name}' ({count:,})" for name, count in list(foreign.items())[:10])
        notes.append(f"the model doesn't know {len(foreign):,} classes of '{label}' that occur: {listed}")
    return notes
