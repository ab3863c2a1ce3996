"""The content of responses, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from ctc._version import __version__
from ctc.artifacts.predictions import (
    UNLIKE_ANYTHING,
    EventPrediction,
    Failure,
    ImagePrediction,
    box_photos,
)
from ctc.errors import shorten
from ctc.inference.classification import EventResult
from ctc.serving.http.errors import ApiError
from ctc.serving.models.registry import LoadedModel


def model_details(model: LoadedModel) -> dict[str, Any]:
    """Return the public details of a model: no paths."""
    info, preprocessing = model.info, model.preprocessing
    return {
        "name": model.name,
        "version": str(model.version),
        "digest": model.digest,
        "labels": {label: list(classes) for label, classes in model.schema.labels.items()},
        "thresholds": {label: list(values) for label, values in model.schema.thresholds.items()},
        "input": {
            "height": preprocessing.height,
            "width": preprocessing.width,
            "resize": preprocessing.resize,
        },
        "multi_label": list(model.schema.multi_label),
        "stacked": preprocessing.is_stacked,
        "provider": model.runtime_model.runtime.provider,
        "ctc_version": info.ctc_version,
        "served_by": f"ctc {__version__}",
    }


def predictions_json(
    model: LoadedModel, results: Sequence[EventResult], ids: Sequence[str]
) -> dict[str, Any]:
    """Return the results of events under `ids`.

    Every event has, per label, its most probable class and the probability of every class; so has
    every photo, with its EXIF data. Photos that can't be used are listed in `failures`.
    """
    predictions = [_event_json(result, name) for result, name in zip(results, ids, strict=True)]
    return {"model": model.name, "version": str(model.version), "predictions": predictions}


def require_predictions(results: Sequence[EventResult]) -> list[EventPrediction]:
    """Return the predictions of all events.

    Raises ApiError (422), with the first photo and its reason, when a photo failed.
    """
    failures = [failure for result in results for failure in result.failures]
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"photo '{shorten(failures[0].path)}' can't be used: {failures[0].reason}{others}",
        )
    return [result.prediction for result in results if result.prediction]


def labels_json(event: EventPrediction, photo: ImagePrediction | None = None) -> dict[str, Any]:
    """Return the prediction of an event, or of one of its photos, per label.

    Each has `class`, `confidence` and `probabilities` by class; a multi-label label also has the
    classes that are `present`, and what is unlike anything learnt an `unknown_reason`.
    """
    return {label: _label_json(event, label, photo) for label in event.classes}


def _label_json(
    event: EventPrediction, label: str, photo: ImagePrediction | None
) -> dict[str, Any]:
    top, confidence = event.top(label, photo)
    values: Mapping[str, float] = dict(
        zip(event.classes[label], (photo or event).probabilities[label].tolist(), strict=True)
    )
    present = [name for name, _ in event.present_classes(label, photo)]
    multi_label = {"present": present} if label in event.multi_label else {}
    unlike = {"unknown_reason": UNLIKE_ANYTHING} if event.is_stranger(photo) else {}
    return {
        "class": top,
        "confidence": confidence,
        "probabilities": values,
        **multi_label,
        **unlike,
    }


def _event_json(result: EventResult, name: str) -> dict[str, Any]:
    event = result.prediction
    return {
        "id": name,
        "labels": labels_json(event) if event else {},
        "photos": [_photo_json(event, photo) for photo in event.images] if event else [],
        "failures": [_failure_json(failure) for failure in result.failures],
    }


def _photo_json(event: EventPrediction, photo: ImagePrediction) -> dict[str, Any]:
    return {
        "name": photo.path,
        "taken": photo.taken,
        "camera": photo.camera,
        "latitude": photo.latitude,
        "longitude": photo.longitude,
        "labels": labels_json(event, photo),
        **({} if photo.boxes is None else {"boxes": _boxes_json(event, photo)}),
    }


def _boxes_json(event: EventPrediction, photo: ImagePrediction) -> list[dict[str, Any]]:
    """Return the boxes of a photo, the surest first, each with its answer."""
    found = []
    for one, shown in zip(photo.boxes or (), box_photos(photo), strict=True):
        box = one.detection.box
        found.append(
            {
                "category": one.detection.category,
                "confidence": box.confidence,
                "bbox": [box.x, box.y, box.width, box.height],
                "labels": labels_json(event, shown),
            }
        )
    return found


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {"name": failure.path, "reason": failure.reason}
