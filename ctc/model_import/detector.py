"""Import a foreign detector: its file, with what it says of itself in its metadata.

The network stays as it is; what it takes and puts out is described in `metadata_props`, see
`ctc.artifacts.model.detector`. A second input that asks for the size of the photos (RT-DETR and
D-FINE as their authors export them) becomes a constant, the size of the input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from ctc.artifacts.boxes import CategoryType
from ctc.artifacts.model.detector import DetectorInfo
from ctc.detection.detector import OpenDetector
from ctc.detection.layouts import NoLayoutError
from ctc.detection.manifest import describe_manifest
from ctc.detection.opening import describe, input_of, open_detector, output_shapes
from ctc.detection.raw_metadata import RawDescription, describe_ultralytics
from ctc.errors import CtcError, InputError, UsageError, require_extra
from ctc.export.config import ExportPrecision
from ctc.export.session import open_session
from ctc.model_import.config import Channels, Triple
from ctc.model_import.detector_precision import BoxParity, shrink_detector
from ctc.model_import.metadata.read import read_classes
from ctc.model_import.photos import sample_folder
from ctc.model_import.source.onnx_file import local_network, read_onnx
from ctc.reporting import NullReporter, Reporter, counted
from ctc.runtime.model_bytes import ModelFile
from ctc.storage.atomic import atomic_write
from ctc.storage.paths import is_remote
from ctc.storage.urls import redact_urls

AUTO = "auto"
"""The name that `--detector` takes for a layout that is found by the outputs."""
REQUIRED_PACKAGES = ("onnx", "onnxruntime")
_CLASSIFIER = "if it is a classifier, import it without --detector"
_MAX_PHOTOS, _COMPARED_PHOTOS = 256, 128
_NULL_REPORTER = NullReporter()
_SIZE_INPUTS = ("orig_target_sizes", "orig_size", "target_sizes")


@dataclass(frozen=True)
class DetectorImport:
    """The configuration of an import; None where the network or a file beside it may say it.

    `layout`: the name of a detector plugin, or AUTO. `classes`: a file with the names of the
    categories, in order. `types`, `others`: see `ctc.detection.categories.categories_of`. The other
    fields are those of `DetectorInput` and `DetectorInfo`. `calibration_photos`: a folder, for
    float16 and int8. `min_agreement`: the share of the float32 network's boxes that must be found
    again, see `detector_precision`.
    """

    network: Path
    output: Path
    layout: str = AUTO
    classes: Path | None = None
    types: Mapping[str, CategoryType] = field(default_factory=dict)
    others: CategoryType | None = None
    size: tuple[int, int] | None = None
    resize: Any = None
    scale: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    channels: Channels | None = None
    min_confidence: float | None = None
    max_iou: float | None = None
    licence: str | None = None
    source: str | None = None
    precision: ExportPrecision = "float32"
    calibration_photos: Path | None = None
    min_agreement: float | None = None


@dataclass(frozen=True)
class ImportedDetector:
    """The written file, its size, its metadata, and its parity if it is smaller."""

    output: Path
    size_bytes: int
    info: DetectorInfo
    parity: BoxParity | None = None

    def lines(self) -> Iterator[str]:
        """Yield a summary."""
        info = self.info
        if self.parity is not None:
            yield self.parity.line()
        by_type: dict[str, list[str]] = {}
        for one in info.categories:
            by_type.setdefault(one.type, []).append(one.name)
        for kind, names in by_type.items():
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"{kind}: {', '.join(names[:6])}{more}"
        size = f"{info.input.height} × {info.input.width}"
        yield (
            f"'{self.output}': {self.size_bytes / 1e6:.1f} MB, a detector ({info.layout}, {size}, "
            f"{counted(len(info.categories), 'category', 'categories')})"
        )


def says_detector(network: Path) -> bool:
    """Return whether a file, or the manifest beside it, says that it is a detector."""
    try:
        local = local_network(network)
        model = onnx.load(local, load_external_data=False)
    except Exception:
        return False
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if metadata.get("task", "").strip() == "detect":
        return True
    try:
        found = describe_manifest(network)
    except CtcError:
        return False
    return found is not None and bool(found.layouts)


def import_detector(
    config: DetectorImport, reporter: Reporter = _NULL_REPORTER
) -> ImportedDetector:
    """Write the network with the metadata of a detector, after a run of it.

    Raises CtcError, and writes nothing, for a network that can't be read or run, whose outputs fit
    no layout, or of which too little is known.
    """
    require_extra("ctc import", "cpu,report", REQUIRED_PACKAGES)
    local = local_network(config.network)
    original = read_onnx(config.network, local)
    said = _descriptions(config, original)
    for one in said[1:]:
        reporter.info(f"read: {one.origin}")
    try:
        model = _with_one_input(original, said)
        session = open_session(model)
        size, order, _ = input_of(session)
        info, _ = describe(said, output_shapes(session), size, order, config.types, config.others)
    except InputError as error:
        hint = f"; {_CLASSIFIER}" if isinstance(error, NoLayoutError) else ""
        raise InputError(f"network '{config.network}' can't be imported: {error}{hint}") from None
    info = replace(info, source=_source(config, info, local))
    helper.set_model_props(model, info.to_metadata())
    opened = open_detector(ModelFile(config.network, model.SerializeToString()))
    _check_answers(opened, original, reporter)
    parity = None
    if config.precision != "float32":
        model, parity = _shrink(config, model, info)
        provenance = {"precision": config.precision, "parity": parity.to_json()}
        info = replace(info, provenance=provenance)
        helper.set_model_props(model, info.to_metadata())
    with atomic_write(config.output) as partial:
        onnx.save_model(model, partial, save_as_external_data=False)
    size_bytes = 0 if is_remote(config.output) else config.output.stat().st_size
    return ImportedDetector(config.output, size_bytes, info, parity)


def _shrink(
    config: DetectorImport, model: ModelProto, info: DetectorInfo
) -> tuple[ModelProto, BoxParity]:
    """Return the smaller network; its photos are one part for calibration, one for comparison."""
    if config.calibration_photos is None:
        raise UsageError(
            f"--precision {config.precision} of a detector needs photos to measure on what it "
            "loses: give a folder with some hundred by --calibration-photos"
        )
    sample = sample_folder(config.calibration_photos, info.input.preprocessing, _MAX_PHOTOS)
    compared, calibration = sample.split(_COMPARED_PHOTOS)
    return shrink_detector(
        model, info, config.precision, calibration, compared.read(), config.min_agreement
    )


def _descriptions(config: DetectorImport, model: ModelProto) -> list[RawDescription]:
    """Return what options, the file and the manifest say, the most trusted first."""
    given = RawDescription(
        "the command",
        read_classes(config.classes).classes if config.classes is not None else None,
        () if config.layout == AUTO else (config.layout,),
        config.size,
        config.resize,
        None,
        config.channels,
        config.scale,
        config.mean,
        config.std,
        config.min_confidence,
        config.max_iou,
        config.licence,
    )
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    try:
        found = [describe_ultralytics(metadata), describe_manifest(config.network)]
    except InputError as error:
        raise InputError(f"network '{config.network}' can't be imported: {error}") from None
    return [given, *(one for one in found if one)]


def _with_one_input(original: ModelProto, said: list[RawDescription]) -> ModelProto:
    """Return a copy of the model whose input for the size of the photos is a constant."""
    model = ModelProto()
    model.CopyFrom(original)
    extra = [one for one in model.graph.input if one.name in _SIZE_INPUTS]
    if len(model.graph.input) != 2 or len(extra) != 1:
        return model
    (images,) = (one for one in model.graph.input if one.name != extra[0].name)
    sides = [dim.dim_value for dim in images.type.tensor_type.shape.dim][2:]
    told = next((one.size for one in said if one.size), None)
    height, width = sides if all(sides) else told or (0, 0)
    if not height or not width:
        raise InputError("nothing says the size of its input: give --size")
    name, kind = extra[0].name, extra[0].type.tensor_type.elem_type
    if kind not in (TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT):
        raise InputError(f"its input '{name}' is not that of sizes")
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    constants = {
        f"{name}/size": np.array([[width, height]], dtype),
        f"{name}/two": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Shape", [images.name], [f"{name}/photos"], start=0, end=1),
        helper.make_node("Concat", [f"{name}/photos", f"{name}/two"], [f"{name}/shape"], axis=0),
        helper.make_node("Expand", [f"{name}/size", f"{name}/shape"], [name]),
    ]
    kept = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *kept])
    model.graph.input.remove(extra[0])
    model.graph.initializer.extend(
        numpy_helper.from_array(value, key) for key, value in constants.items()
    )
    return model


def _check_answers(opened: OpenDetector, original: ModelProto, reporter: Reporter) -> None:
    """Raise CtcError unless the file answers as the original network does."""
    shape = (2, opened.info.input.height, opened.info.input.width, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    outputs = opened.run(images)
    session = open_session(original)
    numbers = opened.to_input(images)
    if not all(np.isfinite(values).all() for values in outputs.values()):
        raise CtcError("the network's outputs for noise are not numbers: export it again")
    for row in range(len(images)):
        feed = {
            one.name: numbers[row : row + 1]
            if one.name not in _SIZE_INPUTS
            else np.array([[shape[2], shape[1]]], _dtype_of(one.type))
            for one in session.get_inputs()
        }
        expected = session.run(list(outputs), feed)
        for name, values in zip(outputs, expected, strict=True):
            _check_equal(name, outputs[name][row], values[0])
    reporter.info("the outputs of the written file equal those of the network")


def _dtype_of(kind: str) -> Any:
    return {"tensor(int64)": np.int64, "tensor(int32)": np.int32}.get(kind, np.float32)


def _check_equal(name: str, found: NDArray[Any], expected: NDArray[Any]) -> None:
    same = found.shape == expected.shape and np.allclose(
        found, expected.astype(np.float32), rtol=1e-3, atol=1e-3, equal_nan=True
    )
    if not same:
        raise CtcError(
            f"output '{name}' of the written file differs from the network's for a batch of "
            "photos: export the network for one photo at a time"
        )


def _source(config: DetectorImport, info: DetectorInfo, local: Path) -> dict[str, Any]:
    """Return where the network is from, without paths of the machine."""
    with local.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    url = redact_urls(str(config.network)) if is_remote(config.network) else None
    return {
        "name": config.network.name,
        "sha256": digest,
        **({"url": url} if url else {}),
        **({"from": config.source} if config.source else {}),
        **{key: value for key, value in info.source.items() if key != "name"},
    }
