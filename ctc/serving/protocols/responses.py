"""What is answered, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctc._version import __version__
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.inference.pipeline.pipeline import EventResult
from ctc.serving.http.errors import UNPROCESSABLE_ENTITY, ApiError
from ctc.serving.models.registry import LoadedModel


def model_details(model: LoadedModel) -> dict[str, Any]:
    """What is worth knowing of a model: no paths."""
    info, preprocessing = model.info, model.info.preprocessing
    return {
        "name": model.name,
        "version": str(model.version),
        "digest": model.digest,
        "labels": {label: list(classes) for label, classes in model.postprocessor.labels.items()},
        "thresholds": {
            label: list(values) for label, values in model.postprocessor.thresholds.items()
        },
        "input": {
            "height": preprocessing.height,
            "width": preprocessing.width,
            "resize": preprocessing.resize,
        },
        "multi_label": list(model.postprocessor.multi_label),
        "stacked": model.info.preprocessing.is_stacked,
        "provider": model.runtime_model.runtime.provider,
        "ctc_version": info.ctc_version,
        "served_by": f"ctc {__version__}",
    }


def predictions_json(
    model: LoadedModel, outcomes: Sequence[EventResult], ids: Sequence[str]
) -> dict[str, Any]:
    """Per event its id, and per label the most probable class and the probability of every class;
    the same for each photo, with what its camera wrote. Photos that can't be used stand under
    `failures`."""
    predictions = [_event_json(outcome, name) for outcome, name in zip(outcomes, ids, strict=True)]
    return {"model": model.name, "version": str(model.version), "predictions": predictions}


def require_predictions(outcomes: Sequence[EventResult]) -> list[EventPrediction]:
    """All predictions; raises RequestError, naming the first photo and its reason, when there is a
    failure."""
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise ApiError(
            UNPROCESSABLE_ENTITY,
            f"photo '{failures[0].path}' can't be used: {failures[0].reason}{others}",
        )
    return [outcome.prediction for outcome in outcomes if outcome.prediction]


def labels_json(event: EventPrediction, photo: ImagePrediction | None = None) -> dict[str, Any]:
    """Per label `class`, `confidence` and `probabilities` by class, of the event or one of its
    photos; of a multi-label label also the classes that are `present`."""
    return {label: _label_json(event, label, photo) for label in event.classes}


def _label_json(
    event: EventPrediction, label: str, photo: ImagePrediction | None
) -> dict[str, Any]:
    top, confidence = event.top(label, photo)
    values: Mapping[str, float] = dict(
        zip(event.classes[label], (photo or event).probabilities[label].tolist(), strict=True)
    )
    present = [name for name, _ in event.present_classes(label, photo)]
    several = {"present": present} if label in event.multi_label else {}
    return {"class": top, "confidence": confidence, "probabilities": values, **several}


def _event_json(outcome: EventResult, name: str) -> dict[str, Any]:
    event = outcome.prediction
    return {
        "id": name,
        "labels": labels_json(event) if event else {},
        "photos": [_photo_json(event, photo) for photo in event.images] if event else [],
        "failures": [_failure_json(failure) for failure in outcome.failures],
    }


def _photo_json(event: EventPrediction, photo: ImagePrediction) -> dict[str, Any]:
    return {
        "name": photo.path,
        "taken": photo.taken,
        "camera": photo.camera,
        "latitude": photo.latitude,
        "longitude": photo.longitude,
        "labels": labels_json(event, photo),
    }


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {"name": failure.path, "reason": failure.reason}
