"""Summary of an evaluation in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ctc.evaluation.html.formatting import PERCENT_SIGN, format_estimate, format_percent
from ctc.evaluation.metrics.evaluation import (
    Evaluation,
    LabelEvaluation,
    MultiLabelEvaluation,
    UnitScores,
)
from ctc.evaluation.training_overlap import OTHER_DATASET, OTHER_SPLIT, UNKNOWN
from ctc.reporting import counted

TARGET = 0.95
_TRAINED = {
    OTHER_SPLIT: " The model was trained on other splits of this dataset.",
    OTHER_DATASET: " The model was trained on another dataset; photos that are in both would make"
    " the figures too good.",
    UNKNOWN: " Which photos the model was trained on is not known here; such photos would make the"
    " figures too good.",
}
"""Sentences on the training; the other cases are among the notes."""
MIN_EVENTS = 10
"""Minimum number of events for a class or a location to be named as a weak one."""
GOOD_RECALL = 0.9
SMALL_ERROR, LARGE_ERROR = 0.03, 0.1


def describe_subject(evaluation: Evaluation) -> str:
    """Return a sentence on what was evaluated on what."""
    subject, counts = evaluation.subject, _format_counts(evaluation)
    if "split" in subject:
        dataset, detector = subject.get("dataset", "a dataset"), subject.get("detector")
        text = f"Evaluated on the split “{subject['split']}” of “{dataset}”: {counts}."
        text += f" The detector “{detector}” found the animals." if detector else ""
    else:
        text = f"Compared with the ground truth in “{subject.get('truth', 'unknown')}”: {counts}."
    return text + _TRAINED.get(str(subject.get("trained")), "")


def label_summary(label: str, found: LabelEvaluation) -> tuple[str, ...]:
    """Return a few sentences on one label, per event."""
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
    """Return a sentence on a label that may have several classes at once, per event."""
    scores = found.units["event"]
    return (
        f"For {format_percent(scores.exact.value)} of {counted(scores.n, 'event')} whose {label}"
        " is known, the model predicts exactly the classes that are present. Its most probable"
        f" class is present in {format_percent(scores.top_1.value)}."
    )


def _format_counts(evaluation: Evaluation) -> str:
    """Return `640 events with 1,316 photos`."""
    photos = f" with {counted(evaluation.photos, 'photo')}" if evaluation.photos else ""
    return f"{counted(evaluation.events, 'event')}{photos}"


def _accuracy(label: str, scores: UnitScores) -> Iterator[str]:
    right, top = round(scores.top_1.value * scores.n), scores.top_1
    yield (
        f"The model predicts {right:,} of {counted(scores.n, 'event')} whose {label}"
        f" is known correctly: an accuracy of {format_percent(top.value)}. For other events of the"
        f" same kind, expect {100 * top.low:.0f} to {format_percent(top.high)}"
        f" (95{PERCENT_SIGN} confidence interval)."
    )


def _coverage(scores: UnitScores) -> Iterator[str]:
    target = scores.automation.targets[f"{TARGET:g}"]
    if target is None:
        yield (
            f"No confidence threshold reaches an accuracy of {format_percent(TARGET)}: a person"
            " should review all predictions."
        )
    elif target.share == 1:
        yield (
            "Even with all predictions accepted without review, the accuracy is"
            f" {format_percent(target.accuracy.value)}."
        )
    else:
        yield (
            "If predictions with a probability of at least"
            f" {format_percent(target.threshold or 0)} (the threshold) are accepted without review,"
            f" that is {format_percent(target.share)} of the events (the coverage), with an"
            f" accuracy of {format_percent(target.accuracy.value)}. A person reviews the rest."
        )
    own = scores.automation.thresholds
    if own and not own.share:
        yield "The thresholds stored in the model accept none of the events."
    elif own:
        yield (
            f"The thresholds stored in the model accept {format_percent(own.share)} of the events,"
            f" with an accuracy of {format_estimate(own.accuracy)}."
        )


def _weakest_class(scores: UnitScores) -> Iterator[str]:
    recalls = [
        (one.recall.value, number)
        for number, one in enumerate(scores.classes)
        if one.support >= MIN_EVENTS
    ]
    recall, number = min(recalls, default=(1.0, 0))
    if recall < GOOD_RECALL:
        weakest = scores.classes[number]
        yield (
            f"“{weakest.name}” has the lowest recall: {format_percent(recall)} of"
            f" {weakest.support:,} events{_most_confused_with(scores, number)}."
        )


def _most_confused_with(scores: UnitScores, number: int) -> str:
    wrong = [
        (count, other) for other, count in enumerate(scores.confusion[number]) if other != number
    ]
    count, other = max(wrong, default=(0, 0))
    if count < 2:
        return ""
    return f"; it is most often confused with “{scores.classes[other].name}” ({count:,} times)"


def _empty_removal(scores: UnitScores) -> Iterator[str]:
    for point in scores.empties.points if scores.empties else ():
        if point.allowed == 0.05 and point.threshold is not None:
            yield (
                f"{format_percent(point.empties.value)} of the empty events can be removed without"
                f" review; {format_percent(point.animals.value, 1)} of the other events would be"
                " lost with them."
            )


def _calibration(scores: UnitScores) -> Iterator[str]:
    error = scores.reliability.ece
    verdict = "well calibrated" if error < SMALL_ERROR else "roughly calibrated"
    if error >= LARGE_ERROR:
        remedy = (
            "use “ctc calibrate”"
            if scores.uncalibrated is None
            else "the model's calibration does not fit these photos"
        )
        verdict = f"not calibrated: {remedy}"
    yield (
        f"Its probabilities are {verdict} (expected calibration error {100 * error:.1f} percentage"
        " points)."
    )


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
            f"Accuracy depends on the location: {format_percent(worst.top_1.value)} at"
            f" “{worst.name}”, {format_percent(best.top_1.value)} at “{best.name}”."
        )
