"""What a zip file is: many formats are one, and the names of its members tell which."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from ctc.errors import reason, shorten
from ctc.model_import.keras_files.archive import DESCRIPTION, WEIGHTS

_NETWORKS = (".onnx", ".keras", ".h5", ".hdf5")
_EXPORT = "export the network to ONNX with the program that made it: docs/how-to/public-model"
_UNPACK = "unpack it, and give the network's file"
_FORMATS = (
    ("/constants.pkl", "a network of PyTorch (TorchScript)", _EXPORT),
    ("/data.pkl", "a file of PyTorch", _EXPORT),
    (".dist-info/WHEEL", "a Python package (a wheel)", f"{_UNPACK} in it, if it has one"),
    ("META-INF/MANIFEST.MF", "a Java archive", f"{_UNPACK} in it, if it has one"),
    ("[Content_Types].xml", "an Office document", "give the network's file"),
)
"""How the name of a member ends, what the file is then, and the next step."""


def describe_zip(local: Path) -> str | None:
    """Return what a zip file is, with the next step; None for one that has what Keras writes.

    Only the list of its members is read.
    """
    try:
        with zipfile.ZipFile(local) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        return f"a damaged zip file ({shorten(reason(error))}): download or export it again"
    if {DESCRIPTION, WEIGHTS} <= set(names):
        return None
    for end, what, step in _FORMATS:
        if any(name.endswith(end) for name in names):
            return f"{what}, not a file of Keras: {step}"
    return _describe_other(names)


def _describe_other(names: Sequence[str]) -> str:
    if names and all(name.endswith(".npy") for name in names):
        return f"an archive of NumPy, arrays without a network: {_EXPORT}"
    networks = [name for name in names if name.lower().endswith(_NETWORKS)]
    if networks:
        return f"a zip archive that holds {_quoted(networks[0])}: {_UNPACK}"
    missing = [repr(name) for name in (DESCRIPTION, WEIGHTS) if name not in names]
    held = f" but {_quoted(names[0])}" if names else ""
    return f"a zip file without {' and '.join(missing)}{held}, so not one of Keras: {_EXPORT}"


def _quoted(name: str) -> str:
    return shorten(repr(name))
