"""Read a `.keras` file of Keras 3: a zip file of a JSON description and an HDF5 file of weights.

https://keras.io/guides/serialization_and_saving. Only these two members are read, whatever others
there are, and neither can be larger than what it says.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctc.errors import InputError, reason, shorten
from ctc.runtime.model_bytes import MAX_BYTES
from ctc.storage.json_file import parse_json_object

from .hdf5 import MAX_TEXT, NumberFile, open_numbers

DESCRIPTION, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_RATIO = 200
"""How far a member may expand; weights hardly shrink at all, and Keras doesn't compress them."""
_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[Mapping[str, Any], int, NumberFile]]:
    """Open a `.keras` file: the description of its layers, Keras's version, and its weights.

    Raises InputError if it is damaged, another zip file, or larger than a model file can be.
    """
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS
        try:
            with zipfile.ZipFile(path) as archive:
                if missing := {DESCRIPTION, WEIGHTS} - set(archive.namelist()):
                    raise InputError(
                        f"it is a zip file without '{min(missing)}', so not one of Keras: export "
                        "a network of PyTorch as ONNX, and unpack an archive"
                    )
                description = parse_json_object(_read(archive, DESCRIPTION, MAX_TEXT))
                version = _version(archive)
                _check(archive, WEIGHTS, MAX_BYTES)
                with archive.open(WEIGHTS) as source, weights.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        except _DAMAGED as error:
            raise InputError(f"it is damaged: {shorten(reason(error))}") from None
        with open_numbers(weights) as numbers:
            yield description, version, numbers


def _version(archive: zipfile.ZipFile) -> int:
    if METADATA not in archive.namelist():
        return 3
    text = str(parse_json_object(_read(archive, METADATA, MAX_TEXT)).get("keras_version", "3"))
    return int(text[0]) if text[:1].isdigit() else 3


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    _check(archive, name, limit)
    return archive.read(name)


def _check(archive: zipfile.ZipFile, name: str, limit: int) -> None:
    """Raise InputError for a member that is, or expands to, more than a file of its kind has.

    zipfile itself stops at the size that the archive says of a member.
    """
    info = archive.getinfo(name)
    if info.file_size > limit:
        raise InputError(f"its '{name}' has {info.file_size:,} bytes, more than {limit:,}")
    if info.file_size > _MAX_RATIO * max(info.compress_size, 1 << 10):
        raise InputError(
            f"its '{name}' expands from {info.compress_size:,} to {info.file_size:,} bytes, which "
            "weights don't"
        )
