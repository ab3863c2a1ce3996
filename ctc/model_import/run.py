"""Import a foreign network as a model file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError, UsageError, reason, require_extra
from ctc.model_import.config import ImportConfig
from ctc.model_import.description import describe_options
from ctc.model_import.expected import Expected, ask_original
from ctc.model_import.metadata.read import read_classes, read_descriptions
from ctc.model_import.network import ForeignNetwork, RunNetwork
from ctc.model_import.original import Original, open_original
from ctc.model_import.parity import ImportParity, own_tolerance
from ctc.model_import.photos import (
    COMPARED_PHOTOS,
    COMPARED_PHOTOS_SMALLER,
    PhotoSample,
    drawn_pictures,
    sample_folder,
)
from ctc.model_import.plan import ImportPlan, plan_import
from ctc.model_import.source.read_network import read_network
from ctc.model_import.write import Comparison, write_float32, write_smaller
from ctc.reporting import NullReporter, Reporter
from ctc.storage.paths import is_remote
from ctc.storage.remote_files import local_copy
from ctc.storage.urls import redact_urls

REQUIRED_PACKAGES = ("onnx", "onnxruntime")
NULL_REPORTER = NullReporter()


@dataclass(frozen=True)
class ImportResult:
    """The written file, its size, its metadata, and its parity with the original network."""

    output: Path
    size_bytes: int
    info: ModelInfo
    parity: ImportParity

    def lines(self) -> Iterator[str]:
        """Yield a summary: lines on parity, then one on the file."""
        yield from self.parity.lines()
        held = [f"{len(names):,} classes of '{label}'" for label, names in self.info.labels.items()]
        if self.info.feature_size is not None:
            held.append(f"{self.info.feature_size:,} features")
        yield f"'{self.output}': {self.size_bytes / 1e6:.1f} MB, {' and '.join(held)}"


def import_network(config: ImportConfig, reporter: Reporter = NULL_REPORTER) -> ImportResult:
    """Write a model file that answers as the network in `config.network` does.

    Tells `reporter` what was read, and from where. Raises CtcError, and writes nothing, for a
    network that can't be read or run, for settings that are missing or contradict the network, and
    when the answers differ from the original network's.
    """
    require_extra("ctc import", "cpu,report", REQUIRED_PACKAGES)
    _check_precision(config)
    network = read_network(config.network, config.size)
    plan = _plan(config, network)
    run, file_format = network.run, network.format
    del network  # a gigabyte or more, which the plan has too
    photos, compared_on, calibration = _photos(config, plan.inputs.preprocessing)
    expected = _ask_original(config, plan, run, photos)
    for line in plan.lines():
        reporter.info(line)
    if (warning := plan.warning()) is not None:
        reporter.warn(warning)
    comparison = Comparison(photos, expected, compared_on, own_tolerance(plan.model))
    info = _info(plan, expected, config, file_format)
    if config.precision == "float32":
        written = write_float32(plan.model, info, comparison, config)
    else:
        written = write_smaller(plan.model, info, comparison, config, calibration)
    if written.note:
        reporter.info(written.note)
    return ImportResult(config.output, written.size_bytes, written.info, written.parity)


def _ask_original(
    config: ImportConfig, plan: ImportPlan, run: RunNetwork | None, photos: NDArray[np.uint8]
) -> Expected:
    """Return the answers of the original network, whose session is gone afterwards."""
    if run is None:
        run = open_original(config.network, plan.model, plan.inputs.tensor.name)
    original = Original(config.network, plan.inputs, plan.outputs, run)
    return ask_original(plan, original, photos, config.network)


def _check_precision(config: ImportConfig) -> None:
    if config.precision == "int8" and config.calibration_photos is None:
        raise UsageError(
            "--precision int8 needs photos to measure the network's values on: give a folder of "
            "some hundred by --calibration-photos"
        )
    if config.precision != "int8" and config.calibration_photos is not None:
        raise UsageError(
            f"--calibration-photos is for int8, not '{config.precision}': leave it out, or add "
            "--precision int8"
        )


def _plan(config: ImportConfig, network: ForeignNetwork) -> ImportPlan:
    descriptions = [
        *describe_options(config),
        *([read_classes(config.classes)] if config.classes is not None else []),
        *network.descriptions,
        *read_descriptions(config.network, network.model),
    ]
    return plan_import(config, network, descriptions)


def _photos(
    config: ImportConfig, preprocessing: Preprocessing
) -> tuple[NDArray[np.uint8], str, PhotoSample | None]:
    """Return the photos for the comparison, a name for them, and those to calibrate int8 on.

    Where one folder serves both, no photo does.
    """
    compared, calibration = None, None
    count = COMPARED_PHOTOS if config.precision == "float32" else COMPARED_PHOTOS_SMALLER
    if config.photos is not None:
        compared = sample_folder(config.photos, preprocessing, count)
    if config.calibration_photos is not None:
        calibration = sample_folder(
            config.calibration_photos, preprocessing, config.max_calibration_photos
        )
        if compared is None:
            compared, calibration = calibration.split(count)
    if compared is None:
        return drawn_pictures(preprocessing), "drawn", None
    photos = compared.read()
    folder = config.photos or config.calibration_photos
    if not len(photos):
        raise InputError(f"no photo in '{folder}' can be decoded: give another folder")
    # the name alone, as the file must not hold paths of the machine
    return photos, f"of '{'' if folder is None else folder.name}'", calibration


def _info(
    plan: ImportPlan, expected: Expected, config: ImportConfig, file_format: str
) -> ModelInfo:
    return ModelInfo(
        {label.name: label.classes for label in plan.labels},
        plan.inputs.preprocessing,
        multi_label=expected.multi_label,
        feature_size=expected.graph.sizes.get(FEATURES_OUTPUT),
        licence=plan.licence,
        source=_source(plan, config, file_format),
        taxonomy={plan.labels[0].name: plan.taxonomy} if plan.taxonomy else {},
    )


def _source(plan: ImportPlan, config: ImportConfig, file_format: str) -> dict[str, Any]:
    """Return where the network is from, without paths of the machine."""
    url = redact_urls(str(config.network)) if is_remote(config.network) else None
    return {
        "name": config.network.name,
        "format": file_format,
        "sha256": _sha256(config.network),
        **({"url": url} if url else {}),
        **({"from": plan.source} if plan.source else {}),
    }


def _sha256(path: Path) -> str:
    try:
        with local_copy(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"network '{path}' can't be read: {reason(error)}") from None
