"""Write photos as a trail camera does: JPEG with EXIF, and a strip with time and temperature."""

from __future__ import annotations

import functools
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ctc.demo.frame import HEIGHT, ROWS, STRIP, WIDTH

MAKE, MODEL = "Wildwatch", "TC-640 IR"

_MAKE, _MODEL, _DATE, _EXIF = 0x010F, 0x0110, 0x0132, 0x8769
_DATE_ORIGINAL, _SUBSECOND_ORIGINAL = 0x9003, 0x9291
_NEW_MOON, _MONTH = datetime(2024, 1, 11, 11, 57), timedelta(days=29.530588)


def write_photo(
    path: Path, picture: NDArray[np.uint8], timestamp: datetime, temperature: int, camera: str
) -> None:
    """Write a picture, uint8 (ROWS, WIDTH, 3), and its strip to a JPEG of WIDTH × HEIGHT pixels."""
    frame = Image.new("RGB", (WIDTH, HEIGHT), (8, 8, 10))
    frame.paste(Image.fromarray(picture), (0, 0))
    _draw_strip(ImageDraw.Draw(frame), timestamp, temperature, camera)
    frame.save(path, "JPEG", quality=76, exif=_exif(timestamp))


def moon_age(timestamp: datetime) -> float:
    """Return the phase of the moon: 0 is new, 0.5 full, 1 new again."""
    return ((timestamp - _NEW_MOON) / _MONTH) % 1.0


def _draw_strip(
    draw: ImageDraw.ImageDraw, timestamp: datetime, temperature: int, camera: str
) -> None:
    middle, font, ink = ROWS + STRIP / 2, _font(), (235, 235, 235)
    draw.text((10, middle), timestamp.strftime("%Y-%m-%d  %H:%M:%S"), ink, font, anchor="lm")
    draw.text(
        (270, middle), f"{temperature}°C  {round(temperature * 1.8 + 32)}°F", ink, font, anchor="mm"
    )
    _draw_moon(draw, 360, middle, 8, moon_age(timestamp))
    draw.text((WIDTH - 10, middle), f"{MODEL}  {camera.upper()}", ink, font, anchor="rm")


def _draw_moon(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, age: float) -> None:
    """Draw the lit half disc, and an ellipse that extends or reduces it."""
    box = (x - radius, y - radius, x + radius, y + radius)
    dark, lit = (60, 60, 66), (235, 232, 210)
    draw.ellipse(box, dark)
    draw.pieslice(box, -90 if age < 0.5 else 90, 90 if age < 0.5 else 270, lit)
    width = radius * abs(math.cos(2 * math.pi * age))
    draw.ellipse((x - width, y - radius, x + width, y + radius), lit if 0.25 < age < 0.75 else dark)


@functools.cache
def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=14)


def _exif(timestamp: datetime) -> Image.Exif:
    exif, stamp = Image.Exif(), timestamp.strftime("%Y:%m:%d %H:%M:%S")
    exif[_MAKE], exif[_MODEL], exif[_DATE] = MAKE, MODEL, stamp
    exif.get_ifd(_EXIF)[_DATE_ORIGINAL] = stamp
    exif.get_ifd(_EXIF)[_SUBSECOND_ORIGINAL] = f"{timestamp.microsecond // 1000:03d}"
    return exif
