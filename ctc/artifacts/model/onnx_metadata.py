"""Read the metadata of an ONNX file without its network: a few kilobytes of a file of any size.

Format: `ModelProto` and `StringStringEntryProto` of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, in protobuf's encoding
(https://protobuf.dev/programming-guides/encoding/): fields with a number and a type.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ctc.errors import InputError

MAX_METADATA_BYTES = 64_000_000
"""Bytes of one entry; that of 100,000 classes has two million."""

_METADATA_PROPS, _GRAPH = 14, 7
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES = 10


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Return the `metadata_props` of a local ONNX file.

    Raises InputError for a file that is not ONNX, OSError for one that can't be read.
    """
    found, has_graph = {}, False
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for number, length in _fields(file, size):
            has_graph |= number == _GRAPH
            if number == _METADATA_PROPS:
                if length > MAX_METADATA_BYTES:
                    raise InputError(f"an entry of its metadata has {length:,} bytes")
                key, value = _entry(file.read(length))
                found[key] = value
            else:
                file.seek(length, os.SEEK_CUR)
    if not has_graph:
        raise InputError("it is not an ONNX file, or a damaged one")
    return found


def _entry(data: bytes) -> tuple[str, str]:
    """Return key and value of a `StringStringEntryProto`."""
    texts = {_KEY: "", _VALUE: ""}
    file = BytesIO(data)
    for number, length in _fields(file, len(data)):
        texts[number] = file.read(length).decode("utf-8", errors="replace")
    return texts[_KEY], texts[_VALUE]


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of each field that has a length, when the file is at its start.

    The caller moves the file to its end. Raises InputError for what is not protobuf.
    """
    while file.tell() < size:
        key = _varint(file)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _varint(file)
        elif kind in (_FIXED32, _FIXED64):
            file.seek(4 if kind == _FIXED32 else 8, os.SEEK_CUR)
        elif kind == _LENGTH:
            length = _varint(file)
            if file.tell() + length > size:
                raise InputError("it is not an ONNX file, or one that was cut off")
            yield number, length
        else:
            raise InputError("it is not an ONNX file, or a damaged one")


def _varint(file: BinaryIO) -> int:
    """Return a number of up to 64 bits: 7 bits per byte, the lowest first."""
    value, data = 0, file.read(_VARINT_BYTES)
    for place, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            file.seek(place + 1 - len(data), os.SEEK_CUR)
            return value
    raise InputError("it is not an ONNX file, or a damaged one")
