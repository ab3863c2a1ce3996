"""Boxes of a photo with the answers of its event."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import CategoryType, Detection, LabelledBox
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import BoxPrediction
from ctc.artifacts.review.records import ReviewPhoto

Probabilities = Mapping[str, NDArray[np.float32]]
_ANIMAL = "animal"


def box_predictions(
    photo: ReviewPhoto,
    classes: Mapping[str, tuple[str, ...]],
    probabilities: Probabilities,
    humans: Collection[str],
) -> tuple[BoxPrediction, ...]:
    """Return the boxes of a photo, each with probabilities of `classes` by label.

    A box has the answer of its event, `probabilities`; where it has a class of its own, that alone:
    of the event's answer if a person gave that (the labels `humans`), else of all classes.
    """
    return tuple(
        BoxPrediction(
            Detection(one.box, one.category or _ANIMAL, _type(one)),
            {
                label: _own(one, label, classes[label], values, label in humans)
                for label, values in probabilities.items()
            },
        )
        for one in photo.boxes
    )


def _own(
    one: LabelledBox,
    label: str,
    classes: tuple[str, ...],
    values: NDArray[np.float32],
    is_human: bool,
) -> NDArray[np.float32]:
    name = one.labels.get(label)
    if name not in classes:
        return values
    alone = np.array(
        [value if one == name else 0 for one, value in zip(classes, values, strict=True)]
    )
    return values if is_human and not alone.any() else alone.astype(np.float32)


def _type(one: LabelledBox) -> CategoryType:
    kind = observation_type(one.category or _ANIMAL)
    return kind if kind != "unknown" else "animal"
