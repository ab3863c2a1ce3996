"""Write an ONNX file without the package onnx, which an installation for prediction lacks.

A protobuf message is a sequence of fields: a number and a wire type, followed by a varint, or by a
length and that many bytes. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

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
    """Return a complete file from parts that the functions below return."""
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
    """Return a node with one output."""
    edges = b"".join(_field(1, name) for name in inputs) + _field(2, output)
    return (
        edges
        + _field(4, op_type)
        + b"".join(_field(5, _attribute(*item)) for item in attributes.items())
    )


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """Return a constant, float32 or int64."""
    shape = b"".join(_field(1, size) for size in values.shape)
    return shape + _field(2, _TYPES[values.dtype]) + _field(8, name) + _field(9, values.tobytes())


def value_info(name: str, elem_type: int, shape: Sequence[Dimension]) -> bytes:
    """Return an input or output; a dimension is a size, or a name where it is dynamic."""
    axes = b"".join(_field(1, _field(1 if isinstance(axis, int) else 2, axis)) for axis in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, elem_type) + _field(2, axes)))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, 2)
    return _field(1, name) + b"".join(_field(8, one) for one in value) + _field(20, 7)


def _field(number: int, content: int | str | bytes) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3 | _VARINT) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    """Encode seven bits per byte, the lowest first; the eighth bit marks that more follow."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
