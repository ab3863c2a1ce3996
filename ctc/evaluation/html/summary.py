"""Summary of an evaluation in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ctc.evaluation.html.formatting import (
    PERCENT_SIGN,
    describe_refusal,
    describe_scope,
    format_estimate,
    format_percent,
)
from ctc.evaluation.metrics.evaluation import (
    Evaluation,
    LabelEvaluation,
    MultiLabelEvaluation,
    UnitScores,
)
from ctc.evaluation.training_overlap import OTHER_DATASET, OTHER_SPLIT, UNKNOWN
from ctc.reporting import counted

TARGET = 0.95
EMPTIES_LOST = 0.05
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
    expected = f"For other events of the same cameras, expect {_words(top.low, top.high)}"
    if top.has_new:
        expected += f"; for events of new cameras, {_words(top.new_low, top.new_high)}"
    yield (
        f"The model predicts {right:,} of {counted(scores.n, 'event')} whose {label}"
        f" is known correctly: an accuracy of {format_percent(top.value)}."
        f" {expected} (95{PERCENT_SIGN} confidence)."
    )


def _words(low: float, high: float) -> str:
    """Return `80 to 86 %`."""
    return f"{100 * low:.0f} to {format_percent(high)}"


def _coverage(scores: UnitScores) -> Iterator[str]:
    target = scores.automation.targets[f"{TARGET:g}"]
    promised, hindsight, fresh = (
        target.promised,
        target.hindsight,
        describe_scope(scores.automation.scope),
    )
    if promised:
        yield (
            "If predictions with a probability of at least"
            f" {format_percent(promised.threshold)} (the threshold) are accepted without review,"
            f" that is {format_percent(promised.share)} of the events (the coverage), with an"
            f" accuracy of {format_percent(promised.value)} here, and of at least"
            f" {format_percent(TARGET)} for fresh {fresh}, with 95{PERCENT_SIGN} confidence. A"
            " person reviews the rest."
        )
    elif hindsight is None:
        yield (
            f"No confidence threshold reaches an accuracy of {format_percent(TARGET)}: a person"
            " should review all predictions."
        )
    elif target.refusal:
        yield (
            f"No threshold is promised to reach an accuracy of {format_percent(TARGET)} for fresh"
            f" {fresh}: {describe_refusal(target.refusal)}. In hindsight,"
            f" {format_percent(hindsight.share)} of these events could have been accepted with an"
            f" accuracy of {format_percent(hindsight.accuracy.value)}."
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
    for one in scores.empties.points if scores.empties else ():
        fresh = describe_scope(scores.empties.scope) if scores.empties else ""
        if one.allowed != EMPTIES_LOST:
            continue
        if one.promised:
            yield (
                f"{format_percent(one.promised.empties.value)} of the empty events can be removed"
                f" without review; {format_percent(one.promised.animals.value, 1)} of the other"
                " events are lost with them here, and at most"
                f" {format_percent(one.allowed)} of fresh {fresh}, with 95{PERCENT_SIGN}"
                " confidence."
            )
        elif one.hindsight.threshold is not None and one.refusal:
            yield (
                f"In hindsight, {format_percent(one.hindsight.empties.value)} of the empty events"
                " could have been removed without review, and"
                f" {format_percent(one.hindsight.animals.value, 1)} of the other events lost with"
                f" them. For fresh {fresh} nothing is promised: {describe_refusal(one.refusal)}."
            )


def _calibration(scores: UnitScores) -> Iterator[str]:
    found = scores.reliability
    error = found.error.debiased.value if found.error else found.ece
    verdict = "well calibrated" if error < SMALL_ERROR else "roughly calibrated"
    if error >= LARGE_ERROR:
        remedy = (
            "use “ctc calibrate”"
            if scores.uncalibrated is None
            else "the model's calibration does not fit these photos"
        )
        verdict = f"not calibrated: {remedy}"
    by_chance = (
        f"; {100 * found.error.by_chance:.1f} are expected by chance if they were perfect"
        if found.error
        else ""
    )
    yield (
        f"Its probabilities are {verdict} (expected calibration error {100 * found.ece:.1f}"
        f" percentage points{by_chance})."
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
