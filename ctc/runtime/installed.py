"""What is installed of onnxruntime, and why a provider of it does not start."""

from __future__ import annotations

import ctypes
import re
import sys
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path

from ctc.hardware import nvidia_gpus

_PACKAGE = "onnxruntime"
_LIBRARY_PROVIDERS = ("cuda", "openvino")
"""Providers that are a library of their own, which needs others."""
_MISSING = re.compile(r"([\w.+-]+\.so[\w.]*): cannot open shared object")


def onnxruntime_distributions() -> dict[str, str]:
    """Return the versions of the installed distributions that hold the package `onnxruntime`.

    There should be one: `onnxruntime`, `onnxruntime-gpu` or another. With two, each has overwritten
    files of the other. Those that another folder of the Python path hides are left out.
    """
    folder = _package_folder()
    if folder is None:
        return {}
    found = {}
    for about in folder.parent.glob(f"{_PACKAGE}*.dist-info"):
        distribution = Distribution.at(about)
        if any(file.as_posix() == f"{_PACKAGE}/__init__.py" for file in distribution.files or ()):
            found[distribution.metadata["Name"]] = distribution.version
    return dict(sorted(found.items()))


def conflict(wanted: str | None = None) -> str | None:
    """Return what to do when several distributions of onnxruntime are installed, else None.

    `wanted`: the distribution to keep, if that is known.
    """
    names = list(onnxruntime_distributions())
    if len(names) < 2:
        return None
    listed = " and ".join(f"'{name}'" for name in names)
    return (
        f"{listed} overwrite each other's files: "
        f"pip uninstall {' '.join(names)}, then pip install {wanted or 'one of them'}"
    )


def missing_library(provider: str) -> str | None:
    """Return the shared library that a provider of the installed onnxruntime needs and can't find.

    None if there is none, and where the system does not tell.
    """
    folder = _package_folder()
    if folder is None or provider not in _LIBRARY_PROVIDERS or sys.platform != "linux":
        return None
    capi = folder / "capi"
    if not (capi / f"libonnxruntime_providers_{provider}.so").exists():
        return None
    for name in ("shared", provider):
        try:
            ctypes.CDLL(str(capi / f"libonnxruntime_providers_{name}.so"), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            found = _MISSING.search(str(error))
            return found[1] if found else None
    return None


def why_not_started(provider: str) -> str:
    """Return the likely reason why onnxruntime went over to the CPU, and the next step."""
    library = missing_library(provider)
    if library:
        return f"the library '{library}' is missing, see docs/docker.md for the version it needs"
    if provider == "cuda" and not nvidia_gpus():
        return "the NVIDIA driver shows no GPU, check nvidia-smi and CUDA_VISIBLE_DEVICES"
    return "onnxruntime fell back to the CPU, see `ctc doctor`"


def _package_folder() -> Path | None:
    spec = find_spec(_PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else None
