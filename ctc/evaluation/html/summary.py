"""What an evaluation says, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from ctc.evaluation.html.formatting import format_estimate, format_percent
from ctc.evaluation.metrics.evaluation import (
    Evaluation,
    LabelEvaluation,
    MultiLabelEvaluation,
    UnitScores,
)

TARGET = 0.95
MIN_EVENTS = 10
"""Events that a class or a place needs to be named as a weak one."""
GOOD_RECALL = 0.9
SMALL_ERROR, LARGE_ERROR = 0.03, 0.1


def describe_subject(evaluation: Evaluation) -> str:
    subject = evaluation.subject
    if "split" in subject:
        return f"Evaluated on the split “{subject['split']}” of “{subject.get('dataset', 'a dataset')}”: {_format_counts(evaluation)}."
    return f"Compared with the truth in “{subject.get('truth', 'unknown')}”: {_format_counts(evaluation)}."


def _format_counts(evaluation: Evaluation) -> str:
    """`640 events with 1,316 photos`"""
    return f"{evaluation.events:,} events" + (
        f" with {evaluation.photos:,} photos" if evaluation.photos else ""
    )


def label_summary(label: str, found: LabelEvaluation) -> tuple[str, ...]:
    """A few sentences on one label, per event."""
    scores = found.units["event"]
    return (
        *_accuracy(label, scores),
        *_coverage(scores),
        *_weakest_class(scores),
        *_empty_removal(scores),
        *_calibration(scores),
        *_locations(scores),
    )


def multi_label_summary(label: str, found: MultiLabelEvaluation) -> str:
    """The same of a label that may have several classes at once."""
    scores = found.units["event"]
    return (
        f"Of {scores.n:,} events whose {label} is known, the model named exactly what is there in {format_percent(scores.exact.value)}; what it "
        f"found most probable is there in {format_percent(scores.top_1.value)}."
    )


def _accuracy(label: str, scores: UnitScores) -> Iterator[str]:
    right = round(scores.top_1.value * scores.n)
    yield (
        f"Of {scores.n:,} events whose {label} is known, the model named {right:,} correctly: {format_percent(scores.top_1.value)}. "
        f"With other events of the same kind, expect {100 * scores.top_1.low:.0f} to {format_percent(scores.top_1.high)}."
    )


def _coverage(scores: UnitScores) -> Iterator[str]:
    target = scores.automation.targets[f"{TARGET:g}"]
    if target is None:
        yield f"No part of its answers is {format_percent(TARGET)} right: a person should look at all of them."
    elif target.share == 1:
        yield f"Even with all answers accepted without a look, {format_percent(target.accuracy.value)} are right."
    else:
        yield (
            f"If answers with a probability of at least {format_percent(target.threshold or 0)} are accepted without a look, that is "
            f"{format_percent(target.share)} of the events, and {format_percent(target.accuracy.value)} of those are right. A person looks at the rest."
        )
    own = scores.automation.thresholds
    if own:
        yield (
            f"The thresholds stored in the model accept {format_percent(own.share)} of the events; "
            f"{format_estimate(own.accuracy)} of those are right."
        )


def _weakest_class(scores: UnitScores) -> Iterator[str]:
    counted = [
        (one.recall.value, number)
        for number, one in enumerate(scores.classes)
        if one.support >= MIN_EVENTS
    ]
    recall, number = min(counted, default=(1.0, 0))
    if recall < GOOD_RECALL:
        one = scores.classes[number]
        found = (
            f"“{one.name}” is recognised least: {format_percent(recall)} of {one.support:,} events"
        )
        yield f"{found}{_most_confused_with(scores, number)}."


def _most_confused_with(scores: UnitScores, number: int) -> str:
    wrong = [
        (count, other) for other, count in enumerate(scores.confusion[number]) if other != number
    ]
    count, other = max(wrong, default=(0, 0))
    return (
        f"; most often it is called “{scores.classes[other].name}” instead ({count:,} times)"
        if count > 1
        else ""
    )


def _empty_removal(scores: UnitScores) -> Iterator[str]:
    for point in scores.empties.points if scores.empties else ():
        if point.allowed == 0.05 and point.threshold is not None:
            yield (
                f"{format_percent(point.empties.value)} of the empty events can be removed unseen; "
                f"{format_percent(point.animals.value, 1)} of the events with something on them would go with them."
            )


def _calibration(scores: UnitScores) -> Iterator[str]:
    error = scores.reliability.ece
    verdict = "can be taken at face value" if error < SMALL_ERROR else "are roughly right"
    if error >= LARGE_ERROR:
        remedy = (
            ": calibrate the model"
            if scores.uncalibrated is None
            else ", though the model is calibrated"
        )
        verdict = f"should not be taken at face value{remedy}"
    yield f"Its probabilities {verdict} (off by {100 * error:.1f} percentage points on average)."


def _locations(scores: UnitScores) -> Iterator[str]:
    counted = (
        [group for group in scores.locations.all if group.n >= MIN_EVENTS]
        if scores.locations
        else []
    )
    if len(counted) > 1:
        worst, best = (
            choose(counted, key=lambda group: group.top_1.value) for choose in (min, max)
        )
        yield (
            f"It depends on the camera: at “{worst.name}” {format_percent(worst.top_1.value)} are right, "
            f"at “{best.name}” {format_percent(best.top_1.value)}."
        )
