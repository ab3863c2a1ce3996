"""Files of named arrays with metadata: an .npz archive that also holds `about.json`.

They hold numbers only. Reading never unpickles, so a file from elsewhere can't run code.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.storage.atomic import atomic_write

Arrays = Mapping[str, NDArray[Any]]
FORMAT_VERSION = 1
_METADATA_FILE = "about.json"


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
            metadata = json.loads(archive.read(_METADATA_FILE))
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != _METADATA_FILE}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' is damaged, or was not written by ctc: {error}") from None
    version = metadata.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise InputError(
            f"'{path}' has format version {version!r}, this ctc reads {FORMAT_VERSION}: update ctc"
        )
    return arrays, metadata
