"""A model file, opened with onnxruntime.

Only ONNX is loaded, as bytes of limited size, without external data and without custom libraries.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model_file import ModelInfo
from ctc.errors import InputError, MissingExtraError, UsageError

if TYPE_CHECKING:
    import onnxruntime

MAX_BYTES = 2**31 - 1
"""The largest ONNX file without external data: protobuf's limit."""

PROVIDERS = ("CPUExecutionProvider",)
_FLOATS = ("tensor(float)", "tensor(float16)")
_ERRORS_ONLY = 3


@dataclass(frozen=True)
class Model:
    """An opened model file; `info` is what its metadata say."""

    path: Path
    info: ModelInfo
    session: onnxruntime.InferenceSession

    def predict(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        """Probabilities per label, float32 (N, classes), for a batch of uint8 (N, height, width, 3) RGB images as
        `ctc.images.as_input` makes them. Raises InputError when the network can't be run."""
        labels = list(self.info.labels)
        try:
            outputs = self.session.run(labels, {self.session.get_inputs()[0].name: images})
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise InputError(f"model '{self.path}' failed on a batch of {len(images)}: {_first_line(error)}") from None
        found = {label: np.asarray(values, np.float32) for label, values in zip(labels, outputs, strict=True)}
        for label, values in found.items():
            if values.shape != (len(images), len(self.info.labels[label])):
                raise InputError(f"model '{self.path}' answers '{label}' with an array of shape {values.shape}")
        return found


def load_model(path: Path, threads: int) -> Model:
    """Open a model file that `ctc export` wrote, to run on `threads` CPU threads.

    Raises CtcError, saying what is missing, for anything else.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("ctc predict", "cpu") from None
    data = _read(path)
    try:
        session = onnxruntime.InferenceSession(data, _options(path, threads), providers=list(PROVIDERS))
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise InputError(f"model '{path}' can't be opened as an ONNX file: {_first_line(error)}") from None
    try:
        info = ModelInfo.from_metadata(session.get_modelmeta().custom_metadata_map)
        _check_input(session.get_inputs(), info)
        _check_outputs(session.get_outputs(), info)
    except InputError as error:
        raise InputError(f"model '{path}' can't be used: {error}") from None
    return Model(path, info, session)


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UsageError(f"model '{path}' is a folder: give the .onnx file that `ctc export` made of it")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"model '{path}' is not a file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"model '{path}' is larger than 2 GiB, more than an ONNX file can hold")
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"model '{path}' is not there: make one with `ctc export`") from None
    except OSError as error:
        raise InputError(f"model '{path}' can't be read: {(error.strerror or str(error)).lower()}") from None


def _options(path: Path, threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # a model loaded as bytes would take external data from the working directory: send it where nothing can be
    nowhere = path.absolute() / "external data is not allowed"
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(nowhere))
    return options


def _check_input(inputs: list[Any], info: ModelInfo) -> None:
    if len(inputs) != 1:
        raise InputError(f"it has {len(inputs)} inputs instead of one batch of images")
    kind, shape = inputs[0].type, list(inputs[0].shape)
    if kind != "tensor(uint8)":
        raise InputError(f"its input '{inputs[0].name}' is a {kind}, not a tensor(uint8) of pixels")
    size = [info.preprocessing.height, info.preprocessing.width, 3]
    if shape[1:] != size or isinstance(shape[0], int):
        raise InputError(
            f"its input '{inputs[0].name}' has the shape {shape}, not [any number, {size[0]}, {size[1]}, 3] as its "
            "metadata say"
        )


def _check_outputs(outputs: list[Any], info: ModelInfo) -> None:
    found = {output.name: output for output in outputs}
    for label, classes in info.labels.items():
        if label not in found:
            raise InputError(f"it has no output called '{label}', a label that its metadata name")
        shape = list(found[label].shape)
        if found[label].type not in _FLOATS or len(shape) != 2 or shape[1] != len(classes):
            raise InputError(
                f"its output '{label}' is a {found[label].type} of shape {shape}, but its metadata name {len(classes)} "
                "classes"
            )


def _first_line(error: Exception) -> str:
    """onnxruntime's reason without its prefix `[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : `."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit(" : ", 1)[-1].rstrip(".")[:300]
