"""Decoding of photos to upright RGB pixels.

JPEGs are decoded by libjpeg-turbo, at the smallest sufficient scale. All other formats, and JPEGs
whose colours libjpeg-turbo does not convert (CMYK), are decoded by Pillow. Only the formats of an
allow-list are tried.
"""

from __future__ import annotations

import io
import warnings
from threading import local
from typing import Any, Literal

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,  # noqa: F401  (Image.open finds only the formats whose plugins are imported)
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from ctc.errors import ImageError

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
MAX_PIXELS = 178_956_970
_ORIENTATION = 0x0112
# EXIF orientation → cv2.flip's code after transposing: 0 vertical, 1 horizontal, -1 both
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")

# more than MAX_PIXELS is an error; Pillow's warning at half of it would only be noise
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def is_jpeg(data: bytes) -> bool:
    """Return whether the bytes start like a JPEG; the file name does not matter."""
    return data[:3] == b"\xff\xd8\xff"


def oriented_size(data: bytes) -> tuple[int, int, bool]:
    """Return (height, width) after EXIF orientation, and whether the stored pixels are upright.

    The size is that of `decode` at full size. Reads only the header; raises ImageError with the
    reason.
    """
    with _open(data) as image:
        orientation = _orientation(image)
        width, height = image.size if orientation < 5 else image.size[::-1]
        return height, width, orientation == 1


class DecodeBuffer(local):
    """Memory that a thread decodes into repeatedly.

    Fresh pages would cost 3 % of the decoding time.
    """

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def get(self, size: int) -> Pixels:
        """Return at least `size` bytes; the next call in this thread returns the same memory."""
        if len(self._bytes) < size:
            self._bytes = np.empty(size, np.uint8)
        return self._bytes


def decode(
    data: bytes,
    min_size: tuple[int, int] = (0, 0),
    truncated: Literal["fail", "use"] = "fail",
    buffer: DecodeBuffer | None = None,
) -> Pixels:
    """Return upright RGB pixels, uint8 (height, width, 3).

    A JPEG is decoded at the smallest of the scales 1, 1/2, 1/4, 1/8 whose upright height and width
    are at least `min_size`; (0, 0) means full size. With `truncated="use"` the missing part of a
    truncated JPEG is grey. With `buffer` the pixels may be in it: use them before this thread
    decodes into it again. Raises ImageError with the reason.
    """
    image = _open(data)
    try:
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            return _decode_jpeg(data, image.size, _orientation(image), min_size, truncated, buffer)
        return _apply_orientation(_to_rgb(image), _orientation(image))
    except ImageError:
        raise
    except Exception as error:  # a broken file makes decoders raise almost anything
        raise ImageError(_error_text(error)) from None
    finally:
        image.close()


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise ImageError("not an image of a known kind (jpg, png, bmp, webp, tiff, gif)") from None
    except Image.DecompressionBombError:
        raise ImageError(f"more than {MAX_PIXELS} pixels") from None
    except Exception as error:  # a broken header makes Pillow raise almost anything
        raise ImageError(_error_text(error)) from None
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"more than {MAX_PIXELS} pixels")
    return image


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1–8; 1 if there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block makes Pillow raise almost anything
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(
    data: bytes,
    size: tuple[int, int],
    orientation: int,
    min_size: tuple[int, int],
    truncated: str,
    buffer: DecodeBuffer | None,
) -> Pixels:
    height, width = _scaled_size(size[::-1], min_size if orientation < 5 else min_size[::-1])
    pixels: Pixels = simplejpeg.decode_jpeg(
        data,
        colorspace="RGB",
        fastdct=True,
        fastupsample=True,
        min_height=height,
        min_width=width,
        strict=truncated == "fail",
        buffer=None if buffer is None else buffer.get(height * width * 3),
    )
    return _apply_orientation(pixels, orientation)


def _scaled_size(size: tuple[int, int], min_size: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) at the scale to decode at.

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


def _to_rgb(image: Image.Image) -> Pixels:
    """Convert any mode to RGB: 16-bit values are rescaled, alpha is composited over white."""
    image.load()
    if image.mode in _SIXTEEN_BIT or image.mode in ("I", "F"):
        return _from_high_bit_depth(np.asarray(image), image.mode)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    return np.asarray(image.convert("RGB"))


def _from_high_bit_depth(values: NDArray[Any], mode: str) -> Pixels:
    """Convert grey values of more than 8 bits.

    16-bit values span 0–65535; floats 0–1, or 0 to their maximum if that is larger.
    """
    deep = values.astype(np.float64)
    if mode == "F":
        deep = np.nan_to_num(deep)
        top = max(1.0, float(deep.max()))
    else:
        top = 65535.0
    grey = np.clip(deep * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _error_text(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:1].lower() + text[1:] if text else type(error).__name__
