"""TensorFlow Serving's REST form: https://www.tensorflow.org/tfx/serving/api_rest

{"instances": [{"image": {"b64": "…"}, "event": "e1"}, {"b64": "…"}]}
"""

from __future__ import annotations

from typing import Any

from ctc.inference.pipeline.pipeline import Outcome
from ctc.serving.config import Limits
from ctc.serving.http.errors import TOO_LARGE, RequestError
from ctc.serving.inputs import AskedEvent, Encoded, in_events
from ctc.serving.models.registry import Served
from ctc.serving.protocols.json_fields import bad, field, from_base64, kind, read_object
from ctc.serving.protocols.responses import refuse_failures

SIGNATURE = "serving_default"


def asked(body: bytes, limits: Limits) -> list[AskedEvent]:
    """The events of a predict request, each called by its id, or by the number of its instance. `signature_name` and whatever else
    may stand beside the instances is passed over. Raises RequestError."""
    instances = field(read_object(body), "instances", list, "the body")
    if not instances:
        raise bad("'instances' is empty")
    if len(instances) > limits.photos:
        most = f"more than the {limits.photos:,} photos that this server takes at a time"
        raise RequestError(TOO_LARGE, f"{len(instances):,} instances, {most}")
    return in_events([_instance(instance, number) for number, instance in enumerate(instances)])


def _instance(instance: Any, number: int) -> tuple[str | None, Encoded]:
    where = f"instances[{number}]"
    if not isinstance(instance, dict):
        raise bad(f'{where} is {kind(instance)}, not an object such as {{"image": {{"b64": "…"}}}}')
    image, at = (instance, where) if "b64" in instance else (field(instance, "image", dict, where), f"{where}.image")
    if "b64" not in image:
        raise bad(f"{at} has no 'b64'")
    event = instance.get("event")
    if type(event) not in (str, int, type(None)):
        raise bad(f"'event' of {where} is {kind(event)}, not a string")
    return None if event is None else str(event), Encoded(str(number), from_base64(image["b64"], f"{at}.b64"))


def bare(outcomes: list[Outcome]) -> dict[str, Any]:
    """Rows as TensorFlow Serving gives them: per event the probabilities, by label where there are several. Raises RequestError when
    any photo failed, since there is no place to say so."""
    rows = []
    for prediction in refuse_failures(outcomes):
        row = {label: values.tolist() for label, values in prediction.probabilities.items()}
        rows.append(row if len(row) > 1 else next(iter(row.values())))
    return {"predictions": rows}


def status(served: Served, details: dict[str, Any]) -> dict[str, Any]:
    """What `GET /v1/models/NAME` answers; `details` of our own stand beside it."""
    fine = {"error_code": "OK", "error_message": ""}
    state = {"version": str(served.version), "state": "AVAILABLE", "status": fine}
    return {"model_version_status": [state], "metadata": details}


def metadata(served: Served, details: dict[str, Any]) -> dict[str, Any]:
    """What `GET /v1/models/NAME/metadata` answers: the signature, with our own `details` beside it."""
    inputs = {"image": {"dtype": "DT_STRING", "tensor_shape": _shape(-1), "name": "image"}}
    outputs = {
        label: {"dtype": "DT_FLOAT", "tensor_shape": _shape(-1, len(classes)), "name": label}
        for label, classes in served.reading.labels.items()
    }
    signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": served.name, "signature_name": "", "version": str(served.version)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}, "ctc": details},
    }


def _shape(*sizes: int) -> dict[str, Any]:
    return {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}
