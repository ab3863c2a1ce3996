"""Events of a review store from the predictions of a file."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import PRESENCE_THRESHOLD, UNKNOWN
from ctc.artifacts.review.records import (
    MAX_GUESSES,
    Guess,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.review.load.drafts import Drafts, EventDraft, LabelDraft
from ctc.review.load.scores import LabelScores, blank_probabilities, score_label
from ctc.review.load.truth import TruthNames


@dataclass(frozen=True)
class _LabelColumns:
    """All that is known of a label, by event; `best` are the numbers of the guesses."""

    label: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    best: NDArray[np.int64]
    scores: LabelScores
    truth: Sequence[str | None] | None
    is_complete: bool
    is_multi_label: bool

    def prediction(self, at: int, draft: LabelDraft) -> ReviewPrediction:
        values, best = self.probabilities[at], self.best[at]
        guesses = tuple(
            Guess(self.classes[number], value)
            for number, value in zip(best.tolist(), values[best].tolist(), strict=True)
            if value > 0
        )
        present = self._present(values, draft)
        answer, confidence = _answer(draft, guesses, present)
        return ReviewPrediction(
            answer=answer,
            confidence=confidence,
            guesses=guesses,
            present=present,
            probabilities=tuple(values.tolist()) if self.is_complete else (),
            columns=draft.columns,
            truth=self.truth[at] if self.truth else None,
            doubt=_score(self.scores.doubt[at]),
            label_error=_score(self.scores.label_error[at]),
            worth=_score(self.scores.worth[at]),
        )

    def _present(self, values: NDArray[np.float32], draft: LabelDraft) -> tuple[str, ...] | None:
        if not self.is_multi_label or draft.present is not None:
            return draft.present
        order = np.argsort(-values, kind="stable").tolist()
        return tuple(self.classes[one] for one in order if values[one] >= PRESENCE_THRESHOLD)


def build_labels(drafts: Drafts, data: EvaluationData) -> tuple[ReviewLabel, ...]:
    """Return the labels of the predictions, with the classes that people may answer.

    Those are the model's, those that decisions answered (taxa of higher ranks), and `empty` for the
    first label if no label has such a class.
    """
    answers: dict[str, dict[str, None]] = {label: {} for label in data.classes}
    for event in drafts.events:
        for label, draft in event.labels.items():
            if draft.answer not in ("", UNKNOWN):
                answers[label][draft.answer] = None
    has_blank = any(observation_type(one) == "blank" for names in answers.values() for one in names)
    has_blank = has_blank or any(map(_has_blank, data.classes.values()))
    labels = []
    for number, (label, names) in enumerate(data.classes.items()):
        more = [] if has_blank or number else ["empty"]
        classes = tuple(dict.fromkeys((*names, *answers[label], *more)))
        labels.append(ReviewLabel(label, classes, names, label in drafts.multi_label))
    return tuple(labels)


def build_events(
    drafts: Drafts,
    data: EvaluationData,
    truth: TruthNames,
    clusters: Sequence[int | None],
    missing: Collection[str],
) -> Iterator[ReviewEvent]:
    """Yield the events in the order of the file; `missing`: the paths of photos that are gone."""
    tables = drafts.of_events or drafts.of_units
    columns = [_columns(data, label, truth, tables[label].is_complete) for label in data.classes]
    blank = blank_probabilities(data)
    gone = frozenset(missing)
    for at, event in enumerate(drafts.events):
        yield ReviewEvent(
            key="",
            id=event.id,
            position=at,
            photos=_photos(event, gone),
            place=event.place,
            time=event.time,
            predictions={one.label: one.prediction(at, event.label(one.label)) for one in columns},
            blank=None if blank is None else float(blank[at]),
            cluster=clusters[at] if clusters else None,
            meta=event.meta,
        )


def main_answers(drafts: Drafts, data: EvaluationData) -> list[str]:
    """Return the answer of the first label for each event."""
    label, classes = next(iter(data.classes.items()))
    tops = data.events.probabilities[label].argmax(axis=1).tolist()
    return [
        event.label(label).answer or classes[top]
        for event, top in zip(drafts.events, tops, strict=True)
    ]


def _columns(
    data: EvaluationData, label: str, truth: TruthNames, is_complete: bool
) -> _LabelColumns:
    probabilities = data.events.probabilities[label]
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :MAX_GUESSES]
    return _LabelColumns(
        label,
        data.classes[label],
        probabilities,
        best,
        score_label(data, label),
        truth.get(label),
        is_complete,
        label in data.multi_label,
    )


def _answer(
    draft: LabelDraft, guesses: Sequence[Guess], present: tuple[str, ...] | None
) -> tuple[str, float]:
    """Return what the file answers; of photos alone what their mean does, if any is known."""
    if draft.answer:
        return draft.answer, draft.confidence
    best = guesses[0] if guesses else Guess(UNKNOWN, 0.0)
    if draft.photo_answers == {UNKNOWN} or present == ():
        return UNKNOWN, best.probability
    return best.name, best.probability


def _photos(event: EventDraft, missing: Collection[str]) -> tuple[ReviewPhoto, ...]:
    return tuple(
        ReviewPhoto(
            path,
            photo.taken,
            tuple(sorted(photo.boxes, key=lambda one: -(one.box.confidence or 0.0))),
            path in missing,
        )
        for path, photo in event.photos.items()
    )


def _score(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _has_blank(classes: Sequence[str]) -> bool:
    return any(observation_type(name) == "blank" for name in classes)
