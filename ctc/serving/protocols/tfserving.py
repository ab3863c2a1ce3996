"""TensorFlow Serving's REST API: https://www.tensorflow.org/tfx/serving/api_rest

{"instances": [{"image": {"b64": "…"}, "event": "e1"}, {"b64": "…"}]}
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ctc.inference.classification import EventResult
from ctc.serving.config import Limits
from ctc.serving.http.errors import ApiError
from ctc.serving.inputs import EncodedImage, EventRequest, group_by_event
from ctc.serving.models.registry import LoadedModel
from ctc.serving.protocols.json_fields import (
    bad_request,
    check_name,
    decode_base64,
    parse_object,
    require_field,
)
from ctc.serving.protocols.responses import require_predictions
from ctc.storage.json_file import json_type

SIGNATURE = "serving_default"


def parse_request(body: bytes, limits: Limits) -> list[EventRequest]:
    """Return the events of a predict request, named by their ids or the numbers of instances.

    `signature_name` and other keys beside the instances are ignored. Raises ApiError for a bad
    request.
    """
    instances = require_field(parse_object(body), "instances", list, "the body")
    if not instances:
        raise bad_request("'instances' is empty")
    if len(instances) > limits.max_photos:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(instances):,} instances, more than the limit of {limits.max_photos:,} photos",
        )
    return group_by_event(
        [_parse_instance(instance, number) for number, instance in enumerate(instances)]
    )


def _parse_instance(instance: Any, number: int) -> tuple[str | None, EncodedImage]:
    where = f"instances[{number}]"
    if not isinstance(instance, dict):
        raise bad_request(
            f'{where} is {json_type(instance)}, not an object such as {{"image": {{"b64": "…"}}}}'
        )
    if "b64" in instance:
        image = instance
    else:
        image, where = require_field(instance, "image", dict, where), f"{where}.image"
    if "b64" not in image:
        raise bad_request(f"{where} has no 'b64'")
    event = instance.get("event")
    if type(event) not in (str, int, type(None)):
        raise bad_request(f"'event' of instances[{number}] is {json_type(event)}, not a string")
    name = None if event is None else check_name(str(event), f"'event' of instances[{number}]")
    return name, EncodedImage(str(number), decode_base64(image["b64"], f"{where}.b64"))


def predict_response(results: list[EventResult]) -> dict[str, Any]:
    """Return rows as TensorFlow Serving does: the probabilities of each event.

    They are keyed by label when there are several. Raises ApiError when a photo failed, since the
    format has no place for failures.
    """
    rows = []
    for prediction in require_predictions(results):
        row = {label: values.tolist() for label, values in prediction.probabilities.items()}
        rows.append(row if len(row) > 1 else next(iter(row.values())))
    return {"predictions": rows}


def status(model: LoadedModel, details: dict[str, Any]) -> dict[str, Any]:
    """Return the response to `GET /v1/models/NAME`, with our own `details` as metadata."""
    ok = {"error_code": "OK", "error_message": ""}
    state = {"version": str(model.version), "state": "AVAILABLE", "status": ok}
    return {"model_version_status": [state], "metadata": details}


def metadata(model: LoadedModel, details: dict[str, Any]) -> dict[str, Any]:
    """Return the response to `GET /v1/models/NAME/metadata`: signature and our own `details`."""
    inputs = {"image": {"dtype": "DT_STRING", "tensor_shape": _tensor_shape(-1), "name": "image"}}
    outputs = {
        label: {"dtype": "DT_FLOAT", "tensor_shape": _tensor_shape(-1, len(classes)), "name": label}
        for label, classes in model.schema.labels.items()
    }
    signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": str(model.version)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}, "ctc": details},
    }


def _tensor_shape(*sizes: int) -> dict[str, Any]:
    return {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}
