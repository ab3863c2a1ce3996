"""Fusion: one answer for an event from the whole photos, the boxes and the detector's confidences.

The score of a class is a weighted sum of what the parts say for it, and of a bias of its own; the
answer is the softmax of the scores (stacking; Wolpert 1992,
https://doi.org/10.1016/S0893-6080(05)80023-1). `ctc calibrate --detector` fits the weights. What
the parts say is the evidence of an event, per class one number for each of EVIDENCE:

whole         log of the mean probability of its photos as a whole
boxes         log of the mean probability of its animals, each weighted by the detector's
              confidence; 0 without an animal
blank         for classes that mean blank: log odds of the surest animal, as if 1 % without one
no animal     for classes that mean blank: 1 where the detector found no animal
human         for classes that mean human: log odds of the surest person
vehicle       for classes that mean vehicle: log odds of the surest vehicle
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import CategoryType
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import InputError

FUSION = "fusion"
EVIDENCE = ("whole", "boxes", "blank", "no animal", "human", "vehicle")
Kind = Literal["fused", "whole", "boxes"]
KINDS: tuple[Kind, ...] = ("fused", "whole", "boxes")
SMALLEST = 1e-3
"""Lower bound of probabilities, whose logarithm no single part can then decide alone."""
LEAST_SURE, MOST_SURE = 0.01, 0.99

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelFusion:
    """How the answers for a label are combined.

    `kind`: by the weights, or the answer of one part alone where the parts together were no better.
    `weights`: of EVIDENCE, in its order. `bias`: per class.
    """

    classes: tuple[str, ...]
    kind: Kind
    weights: tuple[float, ...]
    bias: tuple[float, ...]

    def fuse(self, evidence: Floats) -> Floats:
        """Return the probabilities (…, classes) for evidence (…, EVIDENCE, classes)."""
        scores = np.tensordot(self.weights, np.moveaxis(evidence, -2, 0), 1) + np.asarray(self.bias)
        exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(exp / exp.sum(axis=-1, keepdims=True))

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "classes": list(self.classes),
            "kind": self.kind,
            "weights": dict(zip(EVIDENCE, self.weights, strict=True)),
            "bias": list(self.bias),
        }

    @classmethod
    def from_json(cls, data: Any) -> LabelFusion:
        """Parse what `to_json` returned; raises InputError for anything else."""
        try:
            classes, kind = tuple(map(str, data["classes"])), data["kind"]
            weights = tuple(float(data["weights"][name]) for name in EVIDENCE)
            bias = tuple(map(float, data["bias"]))
            if kind not in KINDS or len(bias) != len(classes):
                raise ValueError(f"{kind!r} of {len(classes)} classes")
            if not np.isfinite([*weights, *bias]).all():
                raise ValueError("a weight is not a number")
            return cls(classes, kind, weights, bias)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the model's fusion is damaged: {error}") from None


def event_evidence(event: EventPrediction, label: str) -> Floats:
    """Return the evidence (EVIDENCE, classes) for a label of an event, whose photos have boxes and
    answers as a whole."""
    classes = event.classes[label]
    kinds = [observation_type(name) for name in classes]
    found = np.zeros((len(EVIDENCE), len(classes)))
    found[0] = np.log(np.maximum(whole_answer(event, label), SMALLEST))
    animals = [box for photo in event.images for box in photo.boxes or () if _is(box, "animal")]
    if animals:
        weights = [box.detection.box.confidence or LEAST_SURE for box in animals]
        mean = np.average([box.probabilities[label] for box in animals], axis=0, weights=weights)
        found[1] = np.log(np.maximum(mean, SMALLEST))
    found[2] = _log_odds(event, "animal") * np.array([kind == "blank" for kind in kinds])
    found[3] = (not animals) * np.array([kind == "blank" for kind in kinds])
    for row, said in ((4, "human"), (5, "vehicle")):
        found[row] = _log_odds(event, said) * np.array([kind == said for kind in kinds])
    return found


def whole_answer(event: EventPrediction, label: str) -> Floats:
    """Return the mean of the answers for its photos as a whole, (classes,)."""
    known = [photo.whole[label] for photo in event.images if photo.whole is not None]
    return np.asarray(np.mean(known, axis=0), np.float64)


def _is(box: Any, kind: str) -> bool:
    return bool(box.detection.type == kind)


def _log_odds(event: EventPrediction, kind: CategoryType | str) -> float:
    """Return the log odds of the surest box of that type."""
    sure = [
        box.detection.box.confidence or 0.0
        for photo in event.images
        for box in photo.boxes or ()
        if _is(box, kind)
    ]
    value = float(np.clip(max(sure, default=0.0), LEAST_SURE, MOST_SURE))
    return float(np.log(value / (1 - value)))


@dataclass(frozen=True)
class Fusion:
    """A `Decision`: the probabilities of an event become the fused ones."""

    labels: Mapping[str, LabelFusion]
    looks_first: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Fusion:
        """Return the fusion of a run; raises InputError."""
        return cls({label: LabelFusion.from_json(entry) for label, entry in settings.items()})

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See `Decision`."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """See `Decision`."""
        fused = {
            label: self._fuse(event, label, how)
            for label, how in self.labels.items()
            if label in event.classes
        }
        return replace(event, probabilities={**event.probabilities, **fused})

    def _fuse(self, event: EventPrediction, label: str, how: LabelFusion) -> NDArray[np.float32]:
        if how.kind == "boxes":
            return event.probabilities[label]
        if how.kind == "whole":
            return whole_answer(event, label).astype(np.float32)
        chosen = [how.classes.index(name) for name in event.classes[label]]
        evidence = event_evidence(event, label)
        own = replace(how, bias=tuple(how.bias[place] for place in chosen))
        return own.fuse(evidence).astype(np.float32)


def own_fusion(promises: Mapping[str, Any], detector: str) -> dict[str, Any]:
    """Return the settings of the decision that a model's `promises` have for a detector, by label.

    `detector`: see `PredictionSetup`. Empty without any; raises InputError for damaged ones.
    """
    entries: Sequence[Mapping[str, Any]] = promises.get(FUSION, ())
    return {
        str(entry["label"]): LabelFusion.from_json(entry).to_json()
        for entry in entries
        if PredictionSetup.from_json(entry.get("made_for")).detector == detector
    }


def needs_whole(settings: Mapping[str, Any]) -> bool:
    """Return whether a fusion needs the classifier's answers for whole photos."""
    return any(entry["kind"] != "boxes" for entry in settings.values())
