"""Events, labels and answers as the JSON of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import (
    Reviewer,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)

_DECIMALS = 4


def event_json(event: ReviewEvent, reviewer: Reviewer) -> dict[str, Any]:
    """Return what the page shows of an event.

    `mine`: the reviewer's own answer. `others`: the answers of others by name, which only a lead
    sees before answering, so that a second look is not led by the first. `lease`: who else looks at
    it.
    """
    lease = event.lease if event.lease and event.lease.reviewer != reviewer.name else None
    return {
        **state_json(event, reviewer),
        "id": event.id,
        "place": event.place,
        "time": event.time,
        "cluster": event.cluster,
        "is_gone": event.is_gone,
        "photos": [_photo_json(photo) for photo in event.photos],
        "predictions": {
            label: _prediction_json(prediction) for label, prediction in event.predictions.items()
        },
        "meta": dict(event.meta),
        "lease": lease.reviewer if lease else None,
    }


def state_json(event: ReviewEvent, reviewer: Reviewer) -> dict[str, Any]:
    """Return what an answer changes of an event."""
    mine = event.answers.get(reviewer.name)
    others = {name: one for name, one in event.answers.items() if name != reviewer.name}
    sees_others = reviewer.role == "lead" or mine is not None
    return {
        "key": event.key,
        "version": event.version,
        "state": event.state,
        "answer": _answer_json(event.answer) if sees_others else None,
        "mine": _answer_json(mine),
        "answered_by": list(event.answers),
        "others": {name: _answer_json(one) for name, one in others.items()} if sees_others else {},
    }


def labels_json(
    labels: Sequence[ReviewLabel], names: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return the labels; `names`: other names by class, which people may type."""
    return [
        {
            "name": label.name,
            "multi_label": label.multi_label,
            "is_open": label.is_open,
            "is_predicted": bool(label.predicted),
            "classes": [
                {
                    "name": name,
                    "is_blank": observation_type(name) == "blank",
                    "names": list(names.get(name, ())),
                }
                for name in label.classes
            ],
        }
        for label in labels
    ]


def _answer_json(answer: Answer | None) -> dict[str, list[str] | None] | None:
    if answer is None:
        return None
    return {label: None if names is None else list(names) for label, names in answer.labels.items()}


def _photo_json(photo: ReviewPhoto) -> dict[str, Any]:
    return {
        "name": photo.path.replace("\\", "/").rpartition("/")[2],
        "taken": photo.taken,
        "is_missing": photo.is_missing,
        "boxes": [
            {
                "category": one.category,
                "bbox": [one.box.x, one.box.y, one.box.width, one.box.height],
                "confidence": one.box.confidence,
                "labels": dict(one.labels),
            }
            for one in photo.boxes
        ],
    }


def _prediction_json(prediction: ReviewPrediction) -> dict[str, Any]:
    return {
        "answer": prediction.answer,
        "confidence": round(prediction.confidence, _DECIMALS),
        "guesses": [[one.name, round(one.probability, _DECIMALS)] for one in prediction.guesses],
        "present": None if prediction.present is None else list(prediction.present),
        "truth": prediction.truth,
    }
