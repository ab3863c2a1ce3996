"""Compare a model file with what a list says of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ctc.artifacts.model.detector import DetectorInfo
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.errors import InputError
from ctc.model_import.catalogue.entry import ModelEntry
from ctc.model_import.catalogue.local_models import parse_info
from ctc.reporting import counted


def check_facts(entry: ModelEntry, path: Path) -> None:
    """Raise InputError if the model file at `path` is another one than the list describes."""
    fault = _find_fault(entry, parse_info(read_onnx_metadata(path)))
    if fault is not None:
        raise InputError(
            f"'{entry.name}' is not what the list says: {fault}; nothing was written, tell whoever "
            "keeps the list"
        )


def _find_fault(entry: ModelEntry, info: ModelInfo | DetectorInfo) -> str | None:
    if isinstance(info, DetectorInfo):
        if entry.kind != "detector":
            return "it is a detector"
        names = [{category.name for category in info.categories}]
        size = (info.input.height, info.input.width)
    else:
        if entry.kind == "detector":
            return "it is no detector"
        if entry.kind == "features" and info.feature_size is None:
            return "it gives no features"
        if entry.kind == "classifier" and not info.labels:
            return "it gives no classes"
        names = [set(classes) for classes in info.labels.values()]
        size = (info.preprocessing.height, info.preprocessing.width)
    if entry.input_size is not None and size != entry.input_size:
        listed = "x".join(map(str, entry.input_size))
        return f"its input has {size[0]}x{size[1]} pixels, not {listed}"
    if entry.licence is not None and info.licence not in (None, entry.licence):
        return f"its licence is '{info.licence}', not '{entry.licence}'"
    return _find_class_fault(entry, names)


def _find_class_fault(entry: ModelEntry, names: Collection[set[str]]) -> str | None:
    """Return what is wrong with the classes: the list has those of one label, or of all."""
    counts = [len(one) for one in names]
    if counts and entry.class_count is not None and entry.class_count not in (sum(counts), *counts):
        return f"it has {counted(sum(counts), 'class', 'classes')}, not {entry.class_count:,}"
    everything = set().union(*names)
    if isinstance(entry.classes, tuple) and set(entry.classes) not in (*names, everything):
        unknown = sorted(set(entry.classes) - everything)
        return f"it has no class '{unknown[0]}'" if unknown else "its classes are others"
    return None
