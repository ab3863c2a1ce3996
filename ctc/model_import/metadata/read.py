"""What stands in an ONNX file and beside it, by the readers of the formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnx import ModelProto

from ctc.errors import InputError
from ctc.model_import.description import Description
from ctc.model_import.metadata import birder, hugging_face, sparrow, speciesnet, timm
from ctc.model_import.metadata.class_file import read_class_file, read_lines
from ctc.model_import.metadata.fields import read_json
from ctc.model_import.metadata.model_props import describe_props
from ctc.storage.paths import is_remote
from ctc.storage.remote_files import local_copy

_ONNX_FOLDER = "onnx"
"""Of a Hugging Face repository; the files that describe the network are in the folder above it."""
_CLASS_FILES = ("{stem}.labels.txt", "{stem}.classes.txt", "labels.txt", "classes.txt")


def read_classes(path: Path) -> Description:
    """Return what `--classes` says; raises CtcError."""
    return read_class_file(local_copy(path) if is_remote(path) else path)


def read_descriptions(path: Path, model: ModelProto) -> list[Description]:
    """Return what the metadata of the file says, then what is said beside it.

    Beside a network at a URL nothing is read. Raises InputError for a file that can't be read, or
    that says that the network is no classifier.
    """
    props = {entry.key: entry.value for entry in model.metadata_props}
    found = list(describe_props(props, path))
    if is_remote(path):
        return found
    folder = path.absolute().parent
    folders = [folder, folder.parent] if folder.name == _ONNX_FOLDER else [folder]
    return found + [one for each in folders for one in _beside(each, path)]


def _beside(folder: Path, network: Path) -> Iterator[Description]:
    """Yield what the files of one folder say of a network, its own files first."""
    for name in (f"{network.name}_metadata.json", f"{network.stem}_metadata.json"):
        yield from _from_json(folder / name, birder.describe)
    manifest = folder / "manifest.toml"
    if manifest.is_file():
        yield from _some(sparrow.describe(manifest, network.name))
    yield from _from_labels(folder, network.stem)
    yield from _from_json(folder / "info.json", speciesnet.describe_info)
    yield from _from_json(folder / "preprocessor_config.json", hugging_face.describe_preprocessor)
    config = folder / "config.json"
    yield from _from_json(config, timm.describe_config, hugging_face.describe_config)
    card = folder / "README.md"
    if card.is_file():
        yield from _some(hugging_face.describe_card(card))


def _from_json(path: Path, *readers: Any) -> Iterator[Description]:
    """Yield what the first reader makes of a JSON file that knows it."""
    if not path.is_file():
        return
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"'{path}' is no JSON object: move it away from the network")
    found = (reader(data, path) for reader in readers)
    yield from _some(next((one for one in found if one is not None), None))


def _from_labels(folder: Path, stem: str) -> Iterator[Description]:
    """Yield the classes of the first file that lists some."""
    for pattern in _CLASS_FILES:
        path = folder / pattern.format(stem=stem)
        if path.is_file():
            yield speciesnet.describe_labels(path) or Description(
                path.name, classes=read_lines(path)
            )
            return


def _some(found: Description | None) -> Iterator[Description]:
    if found is not None:
        yield found
