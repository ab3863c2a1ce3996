"""What is answered, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctc._version import __version__
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.inference.pipeline.pipeline import Outcome
from ctc.serving.http.errors import UNUSABLE, RequestError
from ctc.serving.models.registry import Served


def details_of(served: Served) -> dict[str, Any]:
    """What is worth knowing of a model: no paths."""
    info, preprocessing = served.info, served.info.preprocessing
    return {
        "name": served.name,
        "version": str(served.version),
        "digest": served.digest,
        "labels": {label: list(classes) for label, classes in served.reading.labels.items()},
        "thresholds": {label: list(values) for label, values in served.reading.thresholds.items()},
        "input": {"height": preprocessing.height, "width": preprocessing.width, "resize": preprocessing.resize},
        "multi_label": list(served.reading.multi_label),
        "stacked": served.info.preprocessing.stacked,
        "provider": served.model.engine.provider,
        "ctc_version": info.ctc_version,
        "served_by": f"ctc {__version__}",
    }


def by_name(served: Served, outcomes: Sequence[Outcome], ids: Sequence[str]) -> dict[str, Any]:
    """Per event its id, and per label the most probable class and the probability of every class; the same for each photo, with what its
    camera wrote. Photos that can't be used stand under `failures`."""
    predictions = [_event(outcome, name) for outcome, name in zip(outcomes, ids, strict=True)]
    return {"model": served.name, "version": str(served.version), "predictions": predictions}


def refuse_failures(outcomes: Sequence[Outcome]) -> list[EventPrediction]:
    """All predictions; raises RequestError, naming the first photo and its reason, when there is a failure."""
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise RequestError(UNUSABLE, f"photo '{failures[0].path}' can't be used: {failures[0].reason}{others}")
    return [outcome.prediction for outcome in outcomes if outcome.prediction]


def labels_of(event: EventPrediction, photo: ImagePrediction | None = None) -> dict[str, Any]:
    """Per label `class`, `confidence` and `probabilities` by class, of the event or one of its photos; of a multi-label label also the
    classes that are `present`."""
    return {label: _label(event, label, photo) for label in event.classes}


def _label(event: EventPrediction, label: str, photo: ImagePrediction | None) -> dict[str, Any]:
    top, confidence = event.top(label, photo)
    values: Mapping[str, float] = dict(
        zip(event.classes[label], (photo or event).probabilities[label].tolist(), strict=True)
    )
    present = [name for name, _ in event.present(label, photo)]
    several = {"present": present} if label in event.multi_label else {}
    return {"class": top, "confidence": confidence, "probabilities": values, **several}


def _event(outcome: Outcome, name: str) -> dict[str, Any]:
    event = outcome.prediction
    return {
        "id": name,
        "labels": labels_of(event) if event else {},
        "photos": [_photo(event, photo) for photo in event.images] if event else [],
        "failures": [_failure(failure) for failure in outcome.failures],
    }


def _photo(event: EventPrediction, photo: ImagePrediction) -> dict[str, Any]:
    return {
        "name": photo.path,
        "taken": photo.taken,
        "camera": photo.camera,
        "latitude": photo.latitude,
        "longitude": photo.longitude,
        "labels": labels_of(event, photo),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {"name": failure.path, "reason": failure.reason}
