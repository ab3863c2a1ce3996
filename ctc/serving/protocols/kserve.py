"""The Open Inference Protocol, or KServe v2, with Triton's extensions for binary tensors and classification.

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
from ctc.artifacts.model_file import INPUT
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import did_you_mean
from ctc.serving.config import Limits
from ctc.serving.inputs import AskedEvent
from ctc.serving.models.registry import Served
from ctc.serving.protocols.json_fields import bad, field, kind, read_object
from ctc.serving.protocols.kserve_tensors import CountedBytes, pack_strings, photos_of

HEADER_LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class WantedOutput:
    """A label whose answer is asked for; `binary`: behind the JSON instead of in it; `classes`: only so many of the most probable."""

    label: str
    binary: bool = False
    classes: int = 0


@dataclass(frozen=True)
class Infer:
    """An infer request: every photo is an event of its own."""

    id: str | None
    events: list[AskedEvent]
    outputs: list[WantedOutput]


def asked(body: bytes, header_length: str | None, served: Served, limits: Limits) -> Infer:
    """Raises RequestError for what is not an infer request for this model."""
    head, rest = _split(body, header_length)
    document = read_object(head)
    inputs = field(document, "inputs", list, "the body")
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise bad(f"'inputs' must hold one tensor, '{INPUT}', and holds {len(inputs)}")
    if inputs[0].get("name") != INPUT:
        raise bad(f"the input is called {inputs[0].get('name')!r}, not '{INPUT}'")
    photos = photos_of(inputs[0], CountedBytes(rest), served.info.preprocessing, limits.photos)
    request = document.get("id")
    events = [AskedEvent(photo.name, (photo,)) for photo in photos]
    return Infer(None if request is None else str(request), events, _outputs(document, served))


def _split(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    if header_length is None:
        return body, b""
    digits = len(str(len(body)))
    if not header_length.isdecimal() or len(header_length) > digits or int(header_length) > len(body):
        raise bad(f"{HEADER_LENGTH} is '{header_length}', and the body has {len(body)} bytes")
    return body[: int(header_length)], body[int(header_length) :]


def _outputs(document: dict[str, Any], served: Served) -> list[WantedOutput]:
    parameters = _parameters(document, "the body")
    binary = parameters.get("binary_data_output") is True
    wanted = document.get("outputs")
    if not wanted:
        return [WantedOutput(label, binary) for label in served.reading.labels]
    if not isinstance(wanted, list):
        raise bad(f"'outputs' of the body is {kind(wanted)}, not a list")
    return [_output(output, number, binary, served) for number, output in enumerate(wanted)]


def _output(output: Any, number: int, binary: bool, served: Served) -> WantedOutput:
    where = f"outputs[{number}]"
    if not isinstance(output, dict):
        raise bad(f"{where} is {kind(output)}, not an object")
    label = field(output, "name", str, where)
    if label not in served.reading.labels:
        raise bad(f"{where}: no output called '{label}'{did_you_mean(label, served.reading.labels)}")
    parameters = _parameters(output, where)
    classes = parameters.get("classification", 0)
    if type(classes) is not int or classes < 0:
        raise bad(f"'classification' of {where} is not a number of classes")
    return WantedOutput(label, parameters.get("binary_data", binary) is True, classes)


def _parameters(holder: dict[str, Any], where: str) -> dict[str, Any]:
    return field(holder, "parameters", dict, where) if "parameters" in holder else {}


def answer(served: Served, infer: Infer, predictions: Sequence[EventPrediction]) -> tuple[bytes, int | None]:
    """The body of an answer, and how long its JSON part is when binary tensors follow it."""
    outputs: list[dict[str, Any]] = []
    tail = b""
    for wanted in infer.outputs:
        values = np.stack([prediction.probabilities[wanted.label] for prediction in predictions])
        described, packed, listed = _tensor(values, wanted, served.reading.labels[wanted.label])
        if wanted.binary:
            tail += packed
            outputs.append(described | {"parameters": {"binary_data_size": len(packed)}})
        else:
            outputs.append(described | {"data": listed})
    document = {"model_name": served.name, "model_version": str(served.version), "outputs": outputs}
    if infer.id is not None:
        document["id"] = infer.id
    head = json.dumps(document).encode()
    return head + tail, len(head) if any(wanted.binary for wanted in infer.outputs) else None


def _tensor(
    values: NDArray[np.float32], wanted: WantedOutput, classes: tuple[str, ...]
) -> tuple[dict[str, Any], bytes, list[Any]]:
    """(name, type and shape; the values as binary; the values as a list)."""
    if not wanted.classes:
        described = {"name": wanted.label, "datatype": "FP32", "shape": list(values.shape)}
        return described, values.astype("<f4").tobytes(), values.ravel().tolist()
    best = np.argsort(-values, axis=1, kind="stable")[:, : wanted.classes]
    texts = [f"{values[row, at]:f}:{at}:{classes[at]}" for row, ats in enumerate(best) for at in ats]
    described = {"name": wanted.label, "datatype": "BYTES", "shape": list(best.shape)}
    return described, pack_strings(texts), texts


def server_metadata() -> dict[str, Any]:
    """What `GET /v2` answers."""
    return {"name": "ctc", "version": __version__, "extensions": ["binary_tensor_data", "classification"]}


def model_metadata(served: Served) -> dict[str, Any]:
    """What `GET /v2/models/NAME` answers."""
    preprocessing = served.info.preprocessing
    pixels = {"name": INPUT, "datatype": "UINT8", "shape": [-1, preprocessing.height, preprocessing.width, 3]}
    outputs = [
        {"name": label, "datatype": "FP32", "shape": [-1, len(classes)]}
        for label, classes in served.reading.labels.items()
    ]
    return {
        "name": served.name,
        "versions": [str(served.version)],
        "platform": "onnxruntime_onnx",
        "inputs": [pixels],
        "outputs": outputs,
    }
