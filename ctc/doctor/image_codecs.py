"""Synthetic images: one of each format to decode, and photos like those of a camera."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ctc.errors import ImageError
from ctc.images import decode, encode_jpeg
from ctc.images.pillow import FORMATS

COLOR = (200, 120, 40)
COLOR_TOLERANCE = 12
"""Tolerated error of a colour, of 255: JPEG and GIF are not exact."""
QUALITY = 90


def check_image_formats() -> dict[str, str | None]:
    """Return, per supported format, None or why it is not decoded correctly."""
    return {name.lower(): _decode_error(name) for name in FORMATS}


def _decode_error(name: str) -> str | None:
    file = io.BytesIO()
    try:
        Image.new("RGB", (48, 32), COLOR).save(file, name)
        pixels = decode(file.getvalue())
    except (ImageError, OSError, KeyError, ValueError) as error:
        return str(error)
    difference = np.abs(pixels.astype(int) - COLOR).max()
    return (
        None
        if pixels.shape == (32, 48, 3) and difference <= COLOR_TOLERANCE
        else f"its colours differ by {difference}"
    )


def camera_photos(count: int, height: int, width: int) -> Iterator[bytes]:
    """Yield JPEGs, smooth scenes with grain, with as many bytes per pixel as camera traps'."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield encode_jpeg(_scene(rng, height, width), QUALITY)


def _scene(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    coarse = Image.fromarray(rng.integers(40, 200, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    grain = rng.integers(-7, 8, (height, width, 1), dtype=np.int16)
    scene: NDArray[np.uint8] = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    return scene
