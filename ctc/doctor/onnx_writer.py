"""An ONNX file, written without the package onnx, which predicting machines don't have.

A message of protobuf is its fields one after the other: a number with the kind of what follows,
then a varint, or a length and so many bytes. Field numbers:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT64 = 1, 2, 7
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}
_VARINT, _BYTES = 0, 2
_IR_VERSION, _OPSET = 9, 18

Dimension = int | str


def model(
    nodes: Iterable[bytes],
    tensors: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    metadata: Mapping[str, str],
) -> bytes:
    """A whole file, of the parts that the functions below make."""
    parts = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    graph = _field(2, "graph") + b"".join(
        _field(number, one) for number, many in parts for one in many
    )
    properties = b"".join(
        _field(14, _field(1, key) + _field(2, value)) for key, value in metadata.items()
    )
    return _field(1, _IR_VERSION) + _field(7, graph) + _field(8, _field(2, _OPSET)) + properties


def node(
    op_type: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]
) -> bytes:
    """An operation with one output."""
    edges = b"".join(_field(1, name) for name in inputs) + _field(2, output)
    return (
        edges
        + _field(4, op_type)
        + b"".join(_field(5, _attribute(*item)) for item in attributes.items())
    )


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """A constant, float32 or int64."""
    shape = b"".join(_field(1, size) for size in values.shape)
    return shape + _field(2, _TYPES[values.dtype]) + _field(8, name) + _field(9, values.tobytes())


def value_info(name: str, elem_type: int, shape: Sequence[Dimension]) -> bytes:
    """An input or output; an axis is its size, or a name where it is open."""
    axes = b"".join(_field(1, _field(1 if isinstance(axis, int) else 2, axis)) for axis in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, elem_type) + _field(2, axes)))


def _attribute(name: str, held: int | Sequence[int]) -> bytes:
    if isinstance(held, int):
        return _field(1, name) + _field(3, held) + _field(20, 2)
    return _field(1, name) + b"".join(_field(8, one) for one in held) + _field(20, 7)


def _field(number: int, content: int | str | bytes) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3 | _VARINT) + _varint(content)
    held = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | _BYTES) + _varint(len(held)) + held


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
