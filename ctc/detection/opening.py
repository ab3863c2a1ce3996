"""Open a detector's file: one that `ctc import` wrote, or one that says enough of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import CategoryType
from ctc.artifacts.label_schema import check_one_line
from ctc.artifacts.model.detector import (
    DEFAULT_MAX_IOU,
    DEFAULT_MIN_CONFIDENCE,
    DETECTOR_KEY,
    AxisOrder,
    DetectorInfo,
    DetectorInput,
)
from ctc.detection.categories import categories_of
from ctc.detection.detector import OpenDetector
from ctc.detection.layouts import find_layout, fitting_layouts
from ctc.detection.manifest import describe_manifest
from ctc.detection.raw_metadata import RawDescription, describe_ultralytics
from ctc.errors import InputError
from ctc.plugin import Detector, OutputShape
from ctc.plugin.manager import plugins
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.network import open_network

if TYPE_CHECKING:
    import onnxruntime

_DTYPES: Mapping[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


def load_detector(path: Path, runtime: RuntimeConfig = DEFAULT_RUNTIME) -> OpenDetector:
    """Read and open a detector's file; see `open_detector`."""
    return open_detector(read_model(path), runtime)


def open_detector(file: ModelFile, runtime: RuntimeConfig = DEFAULT_RUNTIME) -> OpenDetector:
    """Open a detector's file, and run it once.

    Raises CtcError for a classifier, for a file that doesn't say enough of itself, for outputs that
    fit no layout or contradict the metadata, and as `ctc.runtime.network.open_network`.
    """

    def read_info(session: Any) -> tuple[DetectorInfo, Detector, np.dtype[Any]]:
        try:
            return read_detector(file.path, session)
        except InputError as error:
            raise InputError(f"detector '{file.path}' can't be used: {error}") from None

    def empty_input(found: tuple[DetectorInfo, Detector, np.dtype[Any]]) -> NDArray[Any]:
        return np.zeros((1, *found[0].input.shape), found[2])

    (info, layout, dtype), network = open_network(
        file, runtime, read_info, empty_input, "ctc detect"
    )
    if isinstance(network.session.get_inputs()[0].shape[0], int):
        network.limit_batch_size(1)
    return OpenDetector(info, layout, network, dtype)


def read_detector(
    path: Path, session: onnxruntime.InferenceSession
) -> tuple[DetectorInfo, Detector, np.dtype[Any]]:
    """Return the metadata of a detector, its layout and the type of its input; raises InputError.

    `path`: of the file, beside which a manifest may be.
    """
    metadata = session.get_modelmeta().custom_metadata_map
    outputs = output_shapes(session)
    size, order, dtype = input_of(session)
    if DETECTOR_KEY in metadata:
        info = DetectorInfo.from_metadata(metadata)
        layout = plugins().get(Detector, info.layout)
        if not layout.recognizes(outputs, len(info.categories)):
            find_layout(outputs, len(info.categories), [layout.name])
    elif "ctc_format_version" in metadata:
        raise InputError("it is a classifier: give it to `ctc predict`")
    else:
        said = [describe_ultralytics(metadata), describe_manifest(path)]
        info, layout = describe([one for one in said if one], outputs, size, order)
    _check_input(info, size, order)
    return info, layout, dtype


def output_shapes(session: onnxruntime.InferenceSession) -> list[OutputShape]:
    """Return the names and shapes of a session's outputs; a batch of any size is None."""
    return [
        OutputShape(
            output.name, tuple(size if isinstance(size, int) else None for size in output.shape)
        )
        for output in session.get_outputs()
    ]


def input_of(
    session: onnxruntime.InferenceSession,
) -> tuple[tuple[int | None, int | None], AxisOrder, np.dtype[Any]]:
    """Return the size, order of axes and type of the only input."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs)
        raise InputError(
            f"it has {len(inputs)} inputs ({names}) instead of one batch of photos: import it with "
            "`ctc import --detector`"
        )
    shape = [size if isinstance(size, int) else None for size in inputs[0].shape]
    if inputs[0].type not in _DTYPES:
        raise InputError(f"its input is a {inputs[0].type}, not pixels")
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise InputError(f"its input has the shape {inputs[0].shape}, not that of colour photos")
    if shape[0] not in (None, 1):
        raise InputError(
            f"it takes {shape[0]} photos at a time: export it for one, or for any number"
        )
    dtype = np.dtype(_DTYPES[inputs[0].type])
    if shape[1] == 3:
        return (shape[2], shape[3]), "nchw", dtype
    return (shape[1], shape[2]), "nhwc", dtype


def describe(
    said: Sequence[RawDescription],
    outputs: Sequence[OutputShape],
    size: tuple[int | None, int | None],
    order: AxisOrder,
    types: Mapping[str, CategoryType] = MappingProxyType({}),
    others: CategoryType | None = None,
) -> tuple[DetectorInfo, Detector]:
    """Return the metadata of a network that ctc did not write, and its layout.

    `said`: what is known, the first that says something counts. `size`, `order`: of the input, None
    for a side that varies. `types`, `others`: see `categories_of`. Raises InputError for what isn't
    known, or contradicts the network.
    """

    def first(name: str) -> Any:
        values = (getattr(one, name) for one in said)
        return next((value for value in values if value not in (None, ())), None)

    names = first("names")
    if names is None:
        fitting_layouts(outputs, None, first("layouts") or ())
        raise InputError(
            "it doesn't say which categories it finds: import it once with `ctc import --detector` "
            "and --classes, or put its manifest.toml beside it"
        )
    check_one_line(names, next(one.origin for one in said if one.names))
    layout = find_layout(outputs, len(names), first("layouts") or ())
    told = first("size") or size
    if any(None not in pair and pair[0] != pair[1] for pair in zip(size, told, strict=True)):
        raise InputError(
            f"its input is {size[0]} × {size[1]}, not {told[0]} × {told[1]} as "
            f"{next(one.origin for one in said if one.size)} says"
        )
    height, width = (own or given for own, given in zip(size, told, strict=True))
    if height is None or width is None:
        raise InputError(
            "neither the network nor a file beside it says the size of its input: import it with "
            "`ctc import --detector` and --size"
        )
    chosen = {
        name: value
        for name in ("channels", "scale", "mean", "std")
        if (value := first(name)) is not None
    }
    made = DetectorInput(height, width, first("resize") or layout.resize, first("order") or order)
    confidence, iou = first("min_confidence"), first("max_iou")
    info = DetectorInfo(
        layout.name,
        categories_of(names, types, others),
        replace(made, **chosen),
        DEFAULT_MIN_CONFIDENCE if confidence is None else confidence,
        DEFAULT_MAX_IOU if iou is None else iou,
        first("licence"),
        first("source") or {},
    )
    return info, layout


def _check_input(info: DetectorInfo, size: tuple[int | None, int | None], order: AxisOrder) -> None:
    """Raise InputError when the metadata contradict the network's input."""
    told = info.input.height, info.input.width
    fits = all(own in (None, given) for own, given in zip(size, told, strict=True))
    if not fits or info.input.order != order:
        shape = " × ".join(map(str, size))
        raise InputError(
            f"its input is {shape} ({order}), not {told[0]} × {told[1]} ({info.input.order}) as "
            "its metadata say"
        )
