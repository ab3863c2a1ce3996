"""Tensors as KServe v2 requests hold them: in the JSON, or as binary data behind it.

Data type BYTES, shape [N]: encoded photos; in JSON each in base64, in binary data each behind its
length, 4 bytes, little-endian. Data type UINT8, shape [N, height, width, 3]: pixels in the size of
the network."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model_file import INPUT_NAME
from ctc.artifacts.preprocessing import Preprocessing
from ctc.serving.http.errors import REQUEST_ENTITY_TOO_LARGE, ApiError
from ctc.serving.inputs import EncodedImage, ImageArray
from ctc.serving.protocols.json_fields import bad_request, decode_base64, require_field

_LENGTH = struct.Struct("<I")


class ByteReader:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    def read(self, count: int) -> memoryview:
        """Raises RequestError when there are fewer left."""
        if count > len(self._data):
            raise bad_request(f"the binary data ends {count - len(self._data):,} bytes too early")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def require_exhausted(self) -> None:
        """Raises RequestError when something is left."""
        if self._data:
            raise bad_request(f"{len(self._data):,} bytes of binary data belong to no tensor")


def parse_photos(
    tensor: dict[str, Any], binary: ByteReader, preprocessing: Preprocessing, max_photos: int
) -> list[EncodedImage | ImageArray]:
    """What an input tensor holds, called by its number. Raises RequestError."""
    shape = _shape(tensor, max_photos)
    data = _binary_data(tensor, binary)
    binary.require_exhausted()
    if tensor.get("datatype") == "BYTES":
        return _parse_encoded(tensor, shape, data)
    if tensor.get("datatype") == "UINT8":
        return _parse_pixels(tensor, shape, data, preprocessing)
    raise bad_request(
        f"'{INPUT_NAME}' has the datatype {tensor.get('datatype')!r}: it is UINT8 for pixels, BYTES for encoded photos"
    )


def pack_strings(texts: Sequence[str]) -> bytes:
    """A BYTES tensor as binary data."""
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def _shape(tensor: dict[str, Any], max_photos: int) -> list[int]:
    shape: list[int] = require_field(tensor, "shape", list, f"'{INPUT_NAME}'")
    if not shape or not all(type(size) is int and size > 0 for size in shape):
        raise bad_request(f"the shape of '{INPUT_NAME}' is {shape}, not a list of positive numbers")
    if shape[0] > max_photos:
        raise ApiError(
            REQUEST_ENTITY_TOO_LARGE,
            f"{shape[0]:,} photos, more than the {max_photos:,} that this server takes at a time",
        )
    return shape


def _binary_data(tensor: dict[str, Any], binary: ByteReader) -> memoryview | None:
    """The tensor's part of the binary data; None when its data are in the JSON."""
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
            f"the shape of '{INPUT_NAME}' is {shape}; for BYTES it is the number of photos, such as [1]"
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
            f"the shape of '{INPUT_NAME}' is {shape}; for UINT8 it is [N, {size[0]}, {size[1]}, {size[2]}]"
        )
    count = int(np.prod(shape))
    values = (
        _pixels_from_json(_json_data(tensor, None), count)
        if data is None
        else np.frombuffer(data, np.uint8)
    )
    if len(values) != count:
        raise bad_request(
            f"'{INPUT_NAME}' holds {len(values):,} values, its shape {shape} means {count:,}"
        )
    return [ImageArray(str(number), one) for number, one in enumerate(values.reshape(shape))]


def _json_data(tensor: dict[str, Any], count: int | None) -> list[Any]:
    data: list[Any] = require_field(tensor, "data", list, f"'{INPUT_NAME}'")
    if count is not None and len(data) != count:
        raise bad_request(f"'{INPUT_NAME}' holds {len(data):,} values, its shape means {count:,}")
    return data


def _pixels_from_json(data: list[Any], count: int) -> NDArray[np.uint8]:
    """Flat or nested, as the protocol allows."""
    try:
        values = np.array(data)
    except ValueError:  # the lists are of different lengths
        raise bad_request(f"the data of '{INPUT_NAME}' are not {count:,} numbers") from None
    if values.dtype.kind not in "iu" or values.size == 0 or values.min() < 0 or values.max() > 255:
        raise bad_request(f"the data of '{INPUT_NAME}' are not whole numbers from 0 to 255")
    return values.astype(np.uint8).ravel()
