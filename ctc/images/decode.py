"""Decoding of photos to upright RGB pixels.

JPEGs are decoded by libjpeg-turbo, at the smallest sufficient scale. All other formats, and JPEGs
whose colours libjpeg-turbo does not convert (CMYK), are decoded by Pillow, which also reads the
headers of unusual JPEGs. Frames of clips are there already as pixels. Only the formats of an
allow-list are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import simplejpeg

from ctc.errors import ImageError
from ctc.images.clips.frame_file import frame_pixels, frame_size
from ctc.images.jpeg_header import count_scans
from ctc.images.jpeg_repair import without_padding, without_stray_bytes
from ctc.images.listing.file_kinds import decoder_message
from ctc.images.metadata.photo_header import MAX_PIXELS, PhotoHeader, read_photo_header
from ctc.images.to_rgb import Pixels, bytes_per_pixel, to_rgb

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "DecodeBuffer",
    "OutOfMemoryError",
    "Pixels",
    "decode",
    "decode_and_repair",
    "decode_size",
    "is_jpeg",
    "oriented_size",
]

MAX_BYTES = 1 << 30
"""Largest memory of a photo while it is decoded."""
MAX_SCANS = 1_000
MAX_SCANNED_PIXELS = 25 * MAX_PIXELS
"""Largest product of scans and pixels; each scan takes about the time of a whole photo."""
_WEBP_BYTES_PER_PIXEL = 20
_SEVERAL_SCANS_BYTES_PER_PIXEL = 9
_MAX_KEPT_BYTES = 192 << 20
_CACHE_LINE = 64
# EXIF orientation → cv2.flip's code after transposing: 0 vertical, 1 horizontal, -1 both
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


class OutOfMemoryError(ImageError):
    """This machine has too little memory for a photo, which may be sound."""


def is_jpeg(data: bytes) -> bool:
    """Return whether the bytes start like a JPEG; the file name does not matter."""
    return data[:3] == b"\xff\xd8\xff"


def oriented_size(data: bytes, header: PhotoHeader | None = None) -> tuple[int, int, bool]:
    """Return (height, width) after EXIF orientation, and whether the stored pixels are upright.

    The size is that of `decode` at full size. Reads only the header; `header`: see `decode`. Raises
    ImageError with the reason.
    """
    if (size := frame_size(data)) is not None:
        return *size, True
    header = header or read_photo_header(data)
    if header is not None:
        orientation, width, height = header.orientation, header.width, header.height
    else:
        from ctc.images.pillow import exif_orientation, open_photo_bytes

        with open_photo_bytes(data) as image:
            orientation, (width, height) = exif_orientation(image), image.size
    if orientation >= 5:
        width, height = height, width
    return height, width, orientation == 1


def cached_buffer(size: int) -> Pixels:
    """Return at least `size` bytes of memory to decode into, for pixels that are soon read again.

    libjpeg-turbo writes rows that begin at a multiple of 16 or 32 bytes past the processor's cache,
    into memory; reading them costs a tenth of the decoding of a small photo. From an odd address
    with 4 bytes a pixel no row begins so, with 3 bytes a pixel few do.
    """
    spare = np.empty(size + _CACHE_LINE, np.uint8)
    start = (1 - int(spare.__array_interface__["data"][0])) % _CACHE_LINE
    return spare[start : start + size]


class DecodeBuffer(local):
    """Memory that a thread decodes into repeatedly.

    Fresh pages would cost 3 % of the decoding time.
    """

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def get(self, size: int) -> Pixels:
        """Return at least `size` bytes; the next call in this thread returns the same memory.

        Only that of a huge photo is not kept.
        """
        if size > _MAX_KEPT_BYTES:
            return np.empty(size, np.uint8)
        if len(self._bytes) < size:
            self._bytes = cached_buffer(size)
        return self._bytes


def decode(
    data: bytes,
    min_size: tuple[int, int] = (0, 0),
    truncated: Literal["fail", "use"] = "fail",
    buffer: DecodeBuffer | None = None,
    header: PhotoHeader | None = None,
) -> Pixels:
    """Return upright RGB pixels, uint8 (height, width, 3).

    A JPEG is decoded at the smallest of the scales 1, 1/2, 1/4, 1/8 whose upright height and width
    are at least `min_size`; (0, 0) means full size. With `truncated="use"` the missing part of a
    truncated JPEG is grey. With `buffer` the pixels may be in it: use them before this thread
    decodes into it again. `header`: what `read_photo_header` returned, if it has been called.
    Raises ImageError with the reason.
    """
    return decode_and_repair(data, min_size, truncated, buffer, header)[0]


def decode_and_repair(
    data: bytes,
    min_size: tuple[int, int] = (0, 0),
    truncated: Literal["fail", "use"] = "fail",
    buffer: DecodeBuffer | None = None,
    header: PhotoHeader | None = None,
) -> tuple[Pixels, bytes]:
    """Return the pixels as `decode` does, and the file without stray bytes that libjpeg rejects."""
    if (frame := frame_pixels(data)) is not None:
        return frame, data
    header = header or read_photo_header(data)
    if header and header.is_single_scan:
        stored = header.height, header.width
        with _as_image_errors(stored):
            return _decode_jpeg(data, stored, header.orientation, min_size, truncated, buffer)
    from ctc.images.pillow import exif_orientation, open_photo_bytes

    with open_photo_bytes(data) as image, _as_image_errors(image.size[::-1]):
        _check_effort(image, data)
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            stored, orientation = image.size[::-1], exif_orientation(image)
            return _decode_jpeg(data, stored, orientation, min_size, truncated, buffer)
        image.load()
        pixels = to_rgb(image)
        return _apply_orientation(pixels, exif_orientation(image)), data  # load turns TIFFs upright


@contextmanager
def _as_image_errors(size: tuple[int, int]) -> Iterator[None]:
    """Raise what a decoder raises as ImageError; `size`: (height, width)."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise OutOfMemoryError(f"not enough memory for {size[1]}×{size[0]} pixels") from None
    except Exception as error:  # a broken file makes decoders raise almost anything
        raise ImageError(decoder_message(error)) from None


def _check_effort(image: Image.Image, data: bytes) -> None:
    """Raise ImageError if decoding would take far more memory or time than that of a photo."""
    if image.format in ("JPEG", "MPO"):
        if _has_single_scan(image, data):
            return
        scans = count_scans(data)
        if scans > MAX_SCANS or scans * image.width * image.height > MAX_SCANNED_PIXELS:
            raise ImageError(
                f"{scans:,} scans of {image.width}×{image.height} pixels, far more than a photo has"
            )
    if _bytes_per_pixel(image) * image.width * image.height > MAX_BYTES:
        raise ImageError(
            f"{image.width}×{image.height} pixels as {image.format} ({image.mode}) need more than "
            f"{MAX_BYTES >> 20} MiB to decode: shrink it, or convert it to baseline JPEG"
        )


def _bytes_per_pixel(image: Image.Image) -> int:
    """Return how much memory decoding takes; measured, with what the decoders hold beside it."""
    if image.format == "WEBP":
        return _WEBP_BYTES_PER_PIXEL
    if image.format in ("JPEG", "MPO"):
        return _SEVERAL_SCANS_BYTES_PER_PIXEL
    return bytes_per_pixel(image) + 4 * (image.format in ("TIFF", "GIF"))


def _has_single_scan(image: Image.Image, data: bytes) -> bool:
    """Return whether a JPEG has one scan of all its components, behind which nothing is decoded.

    Pillow has read up to the end of the header of the first scan. False if that can't be told.
    """
    components = len(image.getbands())
    header = bytes((0xFF, 0xDA, 0, 6 + 2 * components, components))
    file = getattr(image, "fp", None)
    start = file.tell() - (8 + 2 * components) if file else -1
    return "progressive" not in image.info and start > 0 and data.startswith(header, start)


def _decode_jpeg(
    data: bytes,
    stored: tuple[int, int],
    orientation: int,
    min_size: tuple[int, int],
    truncated: str,
    buffer: DecodeBuffer | None,
) -> tuple[Pixels, bytes]:
    """Decode a JPEG of `stored` (height, width); see `decode_and_repair`."""
    size = decode_size(stored, min_size if orientation < 5 else min_size[::-1])
    pixels, jpeg = _decode_stored(data, size, truncated, buffer)
    return _apply_orientation(pixels, orientation), jpeg


def _decode_stored(
    data: bytes, size: tuple[int, int], truncated: str, buffer: DecodeBuffer | None
) -> tuple[Pixels, bytes]:
    """Decode to a size of (height, width), in the orientation of the file."""

    def decode_bytes(jpeg: bytes) -> Pixels:
        pixels: Pixels = simplejpeg.decode_jpeg(
            jpeg,
            colorspace="RGB",
            fastdct=True,
            fastupsample=True,
            min_height=size[0],
            min_width=size[1],
            strict=truncated == "fail",
            buffer=None if buffer is None else buffer.get(size[0] * size[1] * 3),
        )
        return pixels

    try:
        return decode_bytes(data), data
    except ValueError as error:
        jpeg = without_stray_bytes(data)
        while jpeg is not None:
            try:
                return decode_bytes(jpeg), jpeg
            except ValueError as warning:
                jpeg = without_padding(jpeg, str(warning))
        raise error


def decode_size(size: tuple[int, int], min_size: tuple[int, int]) -> tuple[int, int]:
    """Return the (height, width) that a JPEG of `size` is decoded to; see `decode`.

    Only powers of two are used, since libjpeg-turbo has no SIMD code for others: 7/8 takes twice as
    long as 1.
    """
    if min_size == (0, 0):
        return size
    for halvings in (3, 2, 1):
        height, width = (-(-side // 2**halvings) for side in size)
        if height >= min_size[0] and width >= min_size[1]:
            return height, width
    return size


def _apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation: 2–4 mirror and rotate by 180°, 5–8 also rotate by 90°."""
    if orientation >= 5:
        pixels = cv2.transpose(pixels)
    flip = _FLIPS.get(orientation)
    return pixels if flip is None else cv2.flip(pixels, flip)
