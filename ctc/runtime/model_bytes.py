"""Read the bytes of a model file, with a size limit."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from ctc.artifacts.file_kind import describe_other_kind
from ctc.errors import InputError, UsageError, reason
from ctc.storage.remote_files import as_os_errors

MAX_BYTES = 2**31 - 1
"""The largest ONNX file without external data: protobuf's limit."""


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a file that may be a model."""

    path: Path
    data: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        return blake2b(self.data, digest_size=16).hexdigest()


def read_model(path: Path) -> ModelFile:
    """Read a model file. Raises CtcError when it does not exist or is too large."""
    try:
        with as_os_errors(path):
            return ModelFile(path, _read_checked(path))
    except FileNotFoundError:
        raise UsageError(
            f"model '{path}' is not there: make one with `ctc export` or `ctc import`"
        ) from None
    except OSError as error:
        raise InputError(f"model '{path}' can't be read: {reason(error)}") from None


def _read_checked(path: Path) -> bytes:
    status = path.stat()
    if other := describe_other_kind(path, "model"):
        raise UsageError(other)
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(
            f"model '{path}' is a folder: give the .onnx file that `ctc export` made from it"
        )
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"model '{path}' is not a file")
    if status.st_size > MAX_BYTES:
        raise InputError(f"model '{path}' is larger than 2 GiB, more than an ONNX file can hold")
    return path.read_bytes()
