"""The original network, run by itself: its answers are what the written file must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from ctc.artifacts.model.file import INPUT_NAME
from ctc.errors import CtcError, InputError, require_extra, shorten
from ctc.export.session import open_session
from ctc.model_import.graph.choose_outputs import ChosenOutputs
from ctc.model_import.network import RunNetwork
from ctc.model_import.settings import InputSettings
from ctc.runtime import first_run
from ctc.runtime.providers import first_line

T = TypeVar("T")

_FATAL_ONLY = 4
_DTYPES = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
    TensorProto.UINT8: np.uint8,
}


def make_input(images: NDArray[np.uint8], settings: InputSettings) -> NDArray[Any]:
    """Return what the network takes for photos, uint8 (N, height, width, 3), RGB.

    Computed step by step, as the network's own program would.
    """
    values: NDArray[Any] = images[..., ::-1] if settings.channels == "bgr" else images
    if not settings.standardises:
        scaled = values.astype(np.float32) / np.float32(settings.scale)
        mean, std = (np.array(one, np.float32) for one in (settings.mean, settings.std))
        values = (scaled - mean) / std
    if settings.layout == "nchw":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, _DTYPES[settings.tensor.dtype])


@dataclass
class Original:
    """The original network with the outputs that are kept.

    It is run on one photo at a time, unless it takes another number only.
    """

    path: Path
    settings: InputSettings
    outputs: ChosenOutputs
    run_network: RunNetwork
    _fixed: int | None = field(init=False)

    def __post_init__(self) -> None:
        shape = self.settings.tensor.shape
        self._fixed = shape[0] if shape else None

    def run(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return the kept outputs of photos, uint8 (N, height, width, 3), float32 (N, …).

        Raises InputError when the network can't be run, or its outputs have no batch axis.
        """
        size = self._fixed or 1
        parts = [self._run_part(images[at : at + size], size) for at in range(0, len(images), size)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.outputs.names}

    def _run_part(self, images: NDArray[np.uint8], size: int) -> Mapping[str, NDArray[np.float32]]:
        missing = size - len(images)
        full = np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.uint8)])
        found = self.run_network(make_input(full, self.settings))
        for name in self.outputs.names:
            if found[name].ndim < 2 or len(found[name]) != size:
                raise InputError(
                    f"network '{self.path}': its output '{shorten(name)}' has the shape "
                    f"{list(found[name].shape)} for {size} photos, not one row for each"
                )
        return {
            name: np.asarray(found[name][: len(images)], np.float32) for name in self.outputs.names
        }


def open_original(path: Path, model: ModelProto, input_name: str) -> RunNetwork:
    """Return a function that runs an ONNX model by onnxruntime on the CPU.

    It raises InputError for a network that can't be run, or that gives no answer within
    `first_run.TIMEOUT`.
    Raises CtcError for one that onnxruntime can't open.
    """
    require_extra("ctc import", "cpu,report", ("onnxruntime", "onnx"))
    import onnxruntime

    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    names = [value.name for value in model.graph.output]

    def open_session() -> onnxruntime.InferenceSession:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    session = _guarded(
        path, open_session, lambda: options.set_load_cancellation_flag(True), None, "opened"
    )

    def run(batch: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        run_options = onnxruntime.RunOptions()
        run_options.log_severity_level = _FATAL_ONLY

        def stop() -> None:
            run_options.terminate = True

        values = _guarded(
            path,
            lambda: session.run(names, {input_name: batch}, run_options),
            stop,
            first_run.TIMEOUT,
            "run",
        )
        return dict(zip(names, values, strict=True))

    return run


def _guarded(
    path: Path,
    work: Callable[[], T],
    stop: Callable[[], None],
    seconds: float | None,
    what: str,
) -> T:
    """Return what `work` returns; raises InputError that says `what` the network can't be."""
    try:
        return first_run.run_stoppable(work, stop, seconds)
    except TimeoutError:
        raise InputError(
            f"network '{path}' can't be used: it gave no answer for a photo within {seconds:g} s: "
            "does it hold a loop without end?"
        ) from None
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise InputError(
            f"network '{path}' can't be {what} by onnxruntime: {shorten(first_line(error), 300)}"
        ) from None


def run_graph(model: ModelProto, photos: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the outputs of the graph of a model file; raises CtcError if it can't be run."""
    session = open_session(model)
    names = [value.name for value in model.graph.output]
    try:
        values = session.run(names, {INPUT_NAME: photos})
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise CtcError(f"its graph can't be run: {shorten(first_line(error), 300)}") from None
    return dict(zip(names, values, strict=True))
