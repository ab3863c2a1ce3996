"""The Open Inference Protocol (KServe v2).

Triton's extensions for binary tensors and classification are supported.

https://github.com/kserve/open-inference-protocol
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_classification.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc._version import __version__
from ctc.artifacts.model.file import INPUT_NAME
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import did_you_mean, shorten
from ctc.serving.config import Limits
from ctc.serving.inputs import EventRequest
from ctc.serving.models.registry import LoadedModel
from ctc.serving.protocols.json_fields import (
    bad_request,
    check_name,
    parse_object,
    quoted,
    require_field,
)
from ctc.serving.protocols.kserve_tensors import ByteReader, pack_strings, parse_photos
from ctc.storage.json_file import json_type

HEADER_LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class RequestedOutput:
    """A label whose probabilities are requested.

    `is_binary`: send them after the JSON instead of in it; `top_k`: send only the k most probable
    classes, 0 for all.
    """

    label: str
    is_binary: bool = False
    top_k: int = 0


@dataclass(frozen=True)
class InferRequest:
    """An infer request; every photo is an event of its own."""

    id: str | None
    events: list[EventRequest]
    outputs: list[RequestedOutput]


def parse_request(
    body: bytes, header_length: str | None, model: LoadedModel, limits: Limits
) -> InferRequest:
    """Parse an infer request for `model`; raises ApiError for a bad one."""
    header, binary = _split_body(body, header_length)
    document = parse_object(header)
    inputs = require_field(document, "inputs", list, "the body")
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise bad_request(f"'inputs' must hold one tensor, '{INPUT_NAME}', and holds {len(inputs)}")
    if inputs[0].get("name") != INPUT_NAME:
        found = quoted(inputs[0].get("name"))
        raise bad_request(f"the input is called {found}, not '{INPUT_NAME}'")
    photos = parse_photos(inputs[0], ByteReader(binary), model.preprocessing, limits.max_photos)
    request_id = document.get("id")
    if type(request_id) not in (str, int, type(None)):
        raise bad_request(f"'id' of the body is {json_type(request_id)}, not a string")
    name = None if request_id is None else check_name(str(request_id), "'id' of the body")
    events = [EventRequest(photo.name, (photo,)) for photo in photos]
    return InferRequest(name, events, _requested_outputs(document, model))


def _split_body(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    digits = len(str(len(body)))
    if (
        not header_length.isdecimal()
        or len(header_length) > digits
        or int(header_length) > len(body)
    ):
        raise bad_request(
            f"{HEADER_LENGTH} is '{shorten(header_length)}', and the body has {len(body)} bytes"
        )
    return body[: int(header_length)], body[int(header_length) :]


def _requested_outputs(document: dict[str, Any], model: LoadedModel) -> list[RequestedOutput]:
    parameters = _parameters(document, "the body")
    binary = parameters.get("binary_data_output") is True
    outputs = document.get("outputs")
    if not outputs:
        return [RequestedOutput(label, binary) for label in model.schema.labels]
    if not isinstance(outputs, list):
        raise bad_request(f"'outputs' of the body is {json_type(outputs)}, not a list")
    requested: dict[str, RequestedOutput] = {}
    for number, output in enumerate(outputs):
        found = _requested_output(output, number, binary, model)
        if found.label in requested:
            raise bad_request(f"outputs[{number}]: the output '{found.label}' is requested twice")
        requested[found.label] = found
    return list(requested.values())


def _requested_output(
    output: Any, number: int, binary: bool, model: LoadedModel
) -> RequestedOutput:
    where = f"outputs[{number}]"
    if not isinstance(output, dict):
        raise bad_request(f"{where} is {json_type(output)}, not an object")
    label = require_field(output, "name", str, where)
    if label not in model.schema.labels:
        raise bad_request(
            f"{where}: no output called '{shorten(label)}'"
            f"{did_you_mean(label, model.schema.labels)}"
        )
    parameters = _parameters(output, where)
    top_k = parameters.get("classification", 0)
    if type(top_k) is not int or top_k < 0:
        raise bad_request(f"'classification' of {where} is not a number of classes")
    return RequestedOutput(label, parameters.get("binary_data", binary) is True, top_k)


def _parameters(holder: dict[str, Any], where: str) -> dict[str, Any]:
    return require_field(holder, "parameters", dict, where) if "parameters" in holder else {}


def build_response(
    model: LoadedModel, request: InferRequest, predictions: Sequence[EventPrediction]
) -> tuple[bytes, int | None]:
    """Return the body of a response, and the length of its JSON if binary tensors follow it."""
    outputs: list[dict[str, Any]] = []
    tensors: list[bytes] = []
    for output in request.outputs:
        values = np.stack([prediction.probabilities[output.label] for prediction in predictions])
        described, packed, listed = _output_tensor(
            values, output, model.schema.labels[output.label]
        )
        if output.is_binary:
            tensors.append(packed)
            outputs.append(described | {"parameters": {"binary_data_size": len(packed)}})
        else:
            outputs.append(described | {"data": listed})
    document = {"model_name": model.name, "model_version": str(model.version), "outputs": outputs}
    if request.id is not None:
        document["id"] = request.id
    head = json.dumps(document).encode()
    return b"".join([head, *tensors]), len(head) if tensors else None


def _output_tensor(
    values: NDArray[np.float32], output: RequestedOutput, classes: tuple[str, ...]
) -> tuple[dict[str, Any], bytes, list[Any]]:
    """Return name, type and shape; the values as binary data; the values as a list."""
    if not output.top_k:
        described = {"name": output.label, "datatype": "FP32", "shape": list(values.shape)}
        return described, values.astype("<f4").tobytes(), values.ravel().tolist()
    best = np.argsort(-values, axis=1, kind="stable")[:, : output.top_k]
    texts = [
        f"{values[row, at]:f}:{at}:{classes[at]}" for row, ats in enumerate(best) for at in ats
    ]
    described = {"name": output.label, "datatype": "BYTES", "shape": list(best.shape)}
    return described, pack_strings(texts), texts


def server_metadata() -> dict[str, Any]:
    """Return the response to `GET /v2`."""
    return {
        "name": "ctc",
        "version": __version__,
        "extensions": ["binary_tensor_data", "classification"],
    }


def model_metadata(model: LoadedModel) -> dict[str, Any]:
    """Return the response to `GET /v2/models/NAME`."""
    preprocessing = model.preprocessing
    pixels = {
        "name": INPUT_NAME,
        "datatype": "UINT8",
        "shape": [-1, preprocessing.height, preprocessing.width, 3],
    }
    outputs = [
        {"name": label, "datatype": "FP32", "shape": [-1, len(classes)]}
        for label, classes in model.schema.labels.items()
    ]
    return {
        "name": model.name,
        "versions": [str(model.version)],
        "platform": "onnxruntime_onnx",
        "inputs": [pixels],
        "outputs": outputs,
    }
