"""Tensors as KServe v2 requests hold them: in the JSON, or as binary data behind it.

Data type BYTES, shape [N]: encoded photos; in JSON each in base64, in binary data each behind its length, 4 bytes, little-endian.
Data type UINT8, shape [N, height, width, 3]: pixels in the size of the network.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model_file import INPUT
from ctc.artifacts.preprocessing import Preprocessing
from ctc.serving.http.errors import TOO_LARGE, RequestError
from ctc.serving.inputs import Encoded, Pixels
from ctc.serving.protocols.json_fields import bad, field, from_base64

_LENGTH = struct.Struct("<I")


class CountedBytes:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    def take(self, count: int) -> memoryview:
        """Raises RequestError when there are fewer left."""
        if count > len(self._data):
            raise bad(f"the binary data ends {count - len(self._data):,} bytes too early")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def finish(self) -> None:
        """Raises RequestError when something is left."""
        if self._data:
            raise bad(f"{len(self._data):,} bytes of binary data belong to no tensor")


def photos_of(tensor: dict[str, Any], binary: CountedBytes, wanted: Preprocessing, most: int) -> list[Encoded | Pixels]:
    """What an input tensor holds, called by its number. Raises RequestError."""
    shape = _shape(tensor, most)
    data = _binary_of(tensor, binary)
    binary.finish()
    if tensor.get("datatype") == "BYTES":
        return _encoded(tensor, shape, data)
    if tensor.get("datatype") == "UINT8":
        return _pixels(tensor, shape, data, wanted)
    raise bad(
        f"'{INPUT}' has the datatype {tensor.get('datatype')!r}: it is UINT8 for pixels, BYTES for encoded photos"
    )


def pack_strings(texts: Sequence[str]) -> bytes:
    """A BYTES tensor as binary data."""
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def _shape(tensor: dict[str, Any], most: int) -> list[int]:
    shape: list[int] = field(tensor, "shape", list, f"'{INPUT}'")
    if not shape or not all(type(size) is int and size > 0 for size in shape):
        raise bad(f"the shape of '{INPUT}' is {shape}, not a list of positive numbers")
    if shape[0] > most:
        raise RequestError(TOO_LARGE, f"{shape[0]:,} photos, more than the {most:,} that this server takes at a time")
    return shape


def _binary_of(tensor: dict[str, Any], binary: CountedBytes) -> memoryview | None:
    """The tensor's part of the binary data; None when its data are in the JSON."""
    parameters = tensor.get("parameters")
    if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
        return None
    size = parameters["binary_data_size"]
    if type(size) is not int or size < 0:
        raise bad(f"'binary_data_size' of '{INPUT}' is not a number of bytes")
    return binary.take(size)


def _encoded(tensor: dict[str, Any], shape: list[int], data: memoryview | None) -> list[Encoded | Pixels]:
    if len(shape) != 1:
        raise bad(f"the shape of '{INPUT}' is {shape}; for BYTES it is the number of photos, such as [1]")
    if data is None:
        texts = _listed(tensor, shape[0])
        return [Encoded(str(i), from_base64(text, f"data[{i}] of '{INPUT}'")) for i, text in enumerate(texts)]
    packed = CountedBytes(data)
    photos: list[Encoded | Pixels] = []
    for number in range(shape[0]):
        (length,) = _LENGTH.unpack(packed.take(_LENGTH.size))
        photos.append(Encoded(str(number), bytes(packed.take(length))))
    packed.finish()
    return photos


def _pixels(
    tensor: dict[str, Any], shape: list[int], data: memoryview | None, wanted: Preprocessing
) -> list[Encoded | Pixels]:
    size = [wanted.height, wanted.width, 3]
    if shape[1:] != size:
        raise bad(f"the shape of '{INPUT}' is {shape}; for UINT8 it is [N, {size[0]}, {size[1]}, {size[2]}]")
    count = int(np.prod(shape))
    values = _from_list(_listed(tensor, None), count) if data is None else np.frombuffer(data, np.uint8)
    if len(values) != count:
        raise bad(f"'{INPUT}' holds {len(values):,} values, its shape {shape} means {count:,}")
    return [Pixels(str(number), one) for number, one in enumerate(values.reshape(shape))]


def _listed(tensor: dict[str, Any], count: int | None) -> list[Any]:
    data: list[Any] = field(tensor, "data", list, f"'{INPUT}'")
    if count is not None and len(data) != count:
        raise bad(f"'{INPUT}' holds {len(data):,} values, its shape means {count:,}")
    return data


def _from_list(data: list[Any], count: int) -> NDArray[np.uint8]:
    """Flat or nested, as the protocol allows."""
    try:
        values = np.array(data)
    except ValueError:  # the lists are of different lengths
        raise bad(f"the data of '{INPUT}' are not {count:,} numbers") from None
    if values.dtype.kind not in "iu" or values.size == 0 or values.min() < 0 or values.max() > 255:
        raise bad(f"the data of '{INPUT}' are not whole numbers from 0 to 255")
    return values.astype(np.uint8).ravel()
