"""Read the metadata of a model, and check it against the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.artifacts.model.file import ModelInfo
from ctc.errors import InputError
from ctc.reporting import counted

if TYPE_CHECKING:
    import onnxruntime

_FLOATS = ("tensor(float)", "tensor(float16)")


def read_metadata(path: Path, session: onnxruntime.InferenceSession) -> ModelInfo:
    """Return the metadata of the model in `path`.

    Raises InputError, saying what is missing, when ctc did not export the model, or when the
    metadata and the network contradict each other.
    """
    try:
        info = ModelInfo.from_metadata(session.get_modelmeta().custom_metadata_map)
        _check_input(session.get_inputs(), info)
        _check_outputs(session.get_outputs(), info)
    except InputError as error:
        raise InputError(f"model '{path}' can't be used: {error}") from None
    return info


def _check_input(inputs: list[Any], info: ModelInfo) -> None:
    if len(inputs) != 1:
        raise InputError(f"it has {len(inputs)} inputs instead of one batch of images")
    kind, shape = inputs[0].type, list(inputs[0].shape)
    if kind != "tensor(uint8)":
        raise InputError(f"its input '{inputs[0].name}' is a {kind}, not a tensor(uint8) of pixels")
    size = list(input_shape(info))
    if shape[1:] != size or isinstance(shape[0], int):
        raise InputError(
            f"its input '{inputs[0].name}' has the shape {shape}, not"
            f" [any number, {size[0]}, {size[1]}, 3] as its metadata say"
        )


def _check_outputs(outputs: list[Any], info: ModelInfo) -> None:
    found = {output.name: output for output in outputs}
    for name, size in info.outputs.items():
        if name not in found:
            what = "a label that" if name in info.labels else "which"
            raise InputError(f"it has no output called '{name}', {what} its metadata name")
        shape = list(found[name].shape)
        if found[name].type not in _FLOATS or len(shape) != 2 or shape[1] != size:
            numbers = (
                counted(size, "class", "classes")
                if name in info.labels
                else counted(size, "number") + " per photo"
            )
            raise InputError(
                f"its output '{name}' is a {found[name].type} of shape {shape},"
                f" but its metadata name {numbers}"
            )


def input_shape(info: ModelInfo) -> tuple[int, int, int]:
    """Return the height, width and channels of a model input."""
    return info.preprocessing.height, info.preprocessing.width, 3
