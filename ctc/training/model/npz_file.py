"""Files of named arrays with metadata: an .npz archive that also holds `about.json`.

They hold numbers only. Reading never unpickles, so a file from elsewhere can't run code.
"""

from __future__ import annotations

import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, reason, shorten
from ctc.storage.atomic import atomic_write
from ctc.storage.json_file import parse_json_object

Arrays = Mapping[str, NDArray[Any]]
FORMAT_VERSION = 1
_METADATA_FILE = "about.json"
_ARRAY_SUFFIX = ".npy"
_MAX_REASON = 200
# what zipfile and numpy raise for archives of every kind: damaged, encrypted, compressed in another
# way, of another version, too large, with a header that is no literal
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def write_arrays(path: Path, arrays: Arrays, metadata: Mapping[str, Any]) -> None:
    """Write the file atomically.

    `metadata`: values that JSON can represent. On OSError an existing file is kept. The same arrays
    and metadata give the same bytes: the entries of the archive hold no time.
    """
    about = json.dumps({"format_version": FORMAT_VERSION, **metadata})
    with atomic_write(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_METADATA_FILE), about)
        for name, array in arrays.items():
            entry_info = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry_info, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def read_arrays(path: Path) -> tuple[Arrays, Mapping[str, Any]]:
    """Return the arrays and the metadata.

    Raises InputError if the file is damaged or of another kind.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = parse_json_object(_read_stored(archive, _METADATA_FILE).read())
            arrays = {
                name.removesuffix(_ARRAY_SUFFIX): _read_array(archive, name)
                for name in archive.namelist()
                if name != _METADATA_FILE
            }
    except _DAMAGED as error:
        why = shorten(reason(error), _MAX_REASON)
        raise InputError(f"'{path}' is damaged, or was not written by ctc: {why}") from None
    version = metadata.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise InputError(
            f"'{path}' has format version {shorten(repr(version))}, "
            f"this ctc reads {FORMAT_VERSION}: update ctc"
        )
    return arrays, metadata


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return an array of numbers; raises ValueError for a member of another kind."""
    if not name.endswith(_ARRAY_SUFFIX):
        raise ValueError(f"it holds '{shorten(name)}', which is no array")
    with _read_stored(archive, name) as entry:
        array: NDArray[Any] = np.lib.format.read_array(entry, allow_pickle=False)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"'{shorten(name)}' holds {array.dtype.name} values, not numbers")
    return array


def _read_stored(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member; raises ValueError if it is compressed, which may expand it without limit."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"'{shorten(name)}' is compressed")
    return archive.open(name)
