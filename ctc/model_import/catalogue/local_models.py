"""Model files on this machine: what their metadata say, without opening the networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.model.detector import DETECTOR_KEY, DetectorInfo
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.errors import InputError, UsageError, reason
from ctc.model_import.catalogue.entry import ModelEntry
from ctc.model_import.catalogue.model_list import ModelList

SUFFIX = ".onnx"
CTC_KEY = "ctc_format_version"
"""The key in the metadata of every file that ctc wrote."""


@dataclass(frozen=True)
class LocalModel:
    """A file with a model. `info`: its metadata; None, with a `fault`, if ctc can't use it."""

    path: Path
    size: int
    info: ModelInfo | DetectorInfo | None
    fault: str = ""

    @property
    def kind(self) -> str:
        """What the file gives: boxes, answers, features, or the last two."""
        if self.info is None:
            return "unknown"
        if isinstance(self.info, DetectorInfo):
            return "detector"
        kinds = ["classifier"] * bool(self.info.labels)
        return " and ".join(kinds + ["features"] * (self.info.feature_size is not None))


def parse_info(metadata: Mapping[str, str]) -> ModelInfo | DetectorInfo:
    """Parse the metadata of a file that ctc wrote; raises InputError for damaged ones."""
    if DETECTOR_KEY in metadata:
        return DetectorInfo.from_metadata(metadata)
    return ModelInfo.from_metadata(metadata)


def find_local_models(folders: Iterable[Path]) -> list[LocalModel]:
    """Return the .onnx files of the folders (not those below), sorted by name in each.

    Raises UsageError for a folder that does not exist, InputError for one that can't be listed.
    """
    distinct: dict[Path, Path] = {}
    for folder in folders:
        distinct.setdefault(folder.resolve(), folder)
    return [model for folder in distinct.values() for model in _models_in(folder)]


def find_copy(models: Sequence[LocalModel], entry: ModelEntry) -> LocalModel | None:
    """Return the local model that was made of the network of a list, by its SHA-256.

    A ctc file has the SHA-256 in its metadata if it was imported; one that was fetched as it is
    has the same size and content.
    """
    digest = entry.network.sha256
    if digest is None:
        return None
    for model in models:
        if model.info is not None and model.info.source.get("sha256") == digest:
            return model
    same_size = [model for model in models if model.size == entry.network.size]
    return next((model for model in same_size if file_sha256(model.path) == digest), None)


def copies_by_place(models: Sequence[LocalModel], one: ModelList) -> dict[str, LocalModel]:
    """Return the local model of each name in a list, for those that are here."""
    found = ((entry.name, find_copy(models, entry)) for entry in one.models)
    return {name: model for name, model in found if model is not None}


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a local file, in hexadecimal."""
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _models_in(folder: Path) -> Iterator[LocalModel]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == SUFFIX)
    except FileNotFoundError:
        raise UsageError(f"the folder '{folder}' does not exist") from None
    except OSError as error:
        raise InputError(f"the folder '{folder}' can't be listed: {reason(error)}") from None
    for path in paths:
        if path.is_file():
            yield _read_model(path)


def _read_model(path: Path) -> LocalModel:
    size = 0
    try:
        size = path.stat().st_size
        metadata = read_onnx_metadata(path)
        if CTC_KEY not in metadata:
            return LocalModel(path, size, None, "of another program: see `ctc import --help`")
        return LocalModel(path, size, parse_info(metadata))
    except InputError as error:
        return LocalModel(path, size, None, str(error))
    except OSError as error:
        return LocalModel(path, size, None, f"it can't be read: {reason(error)}")
