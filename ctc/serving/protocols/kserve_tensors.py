"""Input tensors of KServe v2 requests, in the JSON or as binary data after it.

Data type BYTES, shape [N]: encoded photos; in JSON each in base64, in binary data each after its
length as 4 bytes, little-endian. Data type UINT8, shape [N, height, width, 3]: pixels in the input
size of the network.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import INPUT_NAME
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.serving.http.errors import ApiError
from ctc.serving.inputs import EncodedImage, ImageArray
from ctc.serving.protocols.json_fields import (
    bad_request,
    decode_base64,
    quoted,
    require_field,
)

_LENGTH = struct.Struct("<I")
MAX_DIMENSIONS = 8


class ByteReader:
    """A sequential reader of binary data."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    def read(self, count: int) -> memoryview:
        """Return the next `count` bytes; raises ApiError when fewer are left."""
        if count > len(self._data):
            raise bad_request(f"the binary data ends {count - len(self._data):,} bytes too early")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def require_exhausted(self) -> None:
        """Raise ApiError when bytes are left."""
        if self._data:
            raise bad_request(f"{len(self._data):,} bytes of binary data belong to no tensor")


def parse_photos(
    tensor: dict[str, Any], binary: ByteReader, preprocessing: Preprocessing, max_photos: int
) -> list[EncodedImage | ImageArray]:
    """Return the photos of an input tensor, named by their numbers; raises ApiError."""
    shape = _shape(tensor, max_photos)
    data = _binary_data(tensor, binary)
    binary.require_exhausted()
    if tensor.get("datatype") == "BYTES":
        return _parse_encoded(tensor, shape, data)
    if tensor.get("datatype") == "UINT8":
        return _parse_pixels(tensor, shape, data, preprocessing)
    raise bad_request(
        f"'{INPUT_NAME}' has the datatype {quoted(tensor.get('datatype'))}: "
        "use UINT8 for pixels, BYTES for encoded photos"
    )


def pack_strings(texts: Sequence[str]) -> bytes:
    """Return a BYTES tensor as binary data."""
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def _shape(tensor: dict[str, Any], max_photos: int) -> list[int]:
    shape: list[int] = require_field(tensor, "shape", list, f"'{INPUT_NAME}'")
    are_sizes = all(type(size) is int and size > 0 for size in shape[:MAX_DIMENSIONS])
    if not 0 < len(shape) <= MAX_DIMENSIONS or not are_sizes:
        raise bad_request(
            f"the shape of '{INPUT_NAME}' is {quoted(shape)}, not a list of positive numbers"
        )
    if shape[0] > max_photos:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{shape[0]:,} photos in one request, more than the limit of {max_photos:,}",
        )
    return shape


def _binary_data(tensor: dict[str, Any], binary: ByteReader) -> memoryview | None:
    """Return the binary data of the tensor; None when its data is in the JSON."""
    parameters = tensor.get("parameters")
    if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
        return None
    size = parameters["binary_data_size"]
    if type(size) is not int or size < 0:
        raise bad_request(f"'binary_data_size' of '{INPUT_NAME}' is not a number of bytes")
    return binary.read(size)


def _parse_encoded(
    tensor: dict[str, Any], shape: list[int], data: memoryview | None
) -> list[EncodedImage | ImageArray]:
    if len(shape) != 1:
        raise bad_request(
            f"the shape of '{INPUT_NAME}' is {quoted(shape)}; "
            "for BYTES it is [N], the number of photos"
        )
    if data is None:
        texts = _json_data(tensor, shape[0])
        return [
            EncodedImage(str(i), decode_base64(text, f"data[{i}] of '{INPUT_NAME}'"))
            for i, text in enumerate(texts)
        ]
    packed = ByteReader(data)
    photos: list[EncodedImage | ImageArray] = []
    for number in range(shape[0]):
        (length,) = _LENGTH.unpack(packed.read(_LENGTH.size))
        photos.append(EncodedImage(str(number), bytes(packed.read(length))))
    packed.require_exhausted()
    return photos


def _parse_pixels(
    tensor: dict[str, Any], shape: list[int], data: memoryview | None, preprocessing: Preprocessing
) -> list[EncodedImage | ImageArray]:
    size = [preprocessing.height, preprocessing.width, 3]
    if shape[1:] != size:
        raise bad_request(
            f"the shape of '{INPUT_NAME}' is {quoted(shape)}; "
            f"for UINT8 it is [N, {size[0]}, {size[1]}, {size[2]}]"
        )
    count = int(np.prod(shape))
    values = (
        _pixels_from_json(_json_data(tensor, None), count)
        if data is None
        else np.frombuffer(data, np.uint8)
    )
    if len(values) != count:
        raise bad_request(
            f"'{INPUT_NAME}' holds {len(values):,} values, but its shape {shape} needs {count:,}"
        )
    return [ImageArray(str(number), one) for number, one in enumerate(values.reshape(shape))]


def _json_data(tensor: dict[str, Any], count: int | None) -> list[Any]:
    data: list[Any] = require_field(tensor, "data", list, f"'{INPUT_NAME}'")
    if count is not None and len(data) != count:
        raise bad_request(
            f"'{INPUT_NAME}' holds {len(data):,} values, but its shape needs {count:,}"
        )
    return data


def _pixels_from_json(data: list[Any], count: int) -> NDArray[np.uint8]:
    """Return the pixels of a flat or nested list: the protocol allows both."""
    try:
        values = np.array(data)
    except ValueError:  # the lists are of different lengths
        raise bad_request(f"the data of '{INPUT_NAME}' is not {count:,} numbers") from None
    if values.dtype.kind not in "iu" or values.size == 0 or values.min() < 0 or values.max() > 255:
        raise bad_request(f"the data of '{INPUT_NAME}' is not integers from 0 to 255")
    return values.astype(np.uint8).ravel()
