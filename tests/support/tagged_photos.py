"""Photos that get keywords, and exiftool, which reads them as other programs do."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

THUMBNAIL = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\xff\xd9"


def noise(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """Pixels of which no two are alike."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def exif_block(orientation: int = 1) -> bytes:
    """A TIFF block with make, orientation, date, coordinates and a thumbnail."""
    exif = Image.Exif()
    exif[0x010F] = "RECONYX"
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 06:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 30.0, 0.0), 3: "E", 4: (11.0, 6.0, 0.0)})
    tiff = exif.tobytes().removeprefix(b"Exif\0\0")
    order = "<" if tiff[:2] == b"II" else ">"
    main = struct.unpack_from(f"{order}L", tiff, 4)[0]
    link = main + 2 + 12 * struct.unpack_from(f"{order}H", tiff, main)[0]
    second = len(tiff) + len(tiff) % 2
    start = second + 2 + 2 * 12 + 4
    directory = struct.pack(f"{order}H", 2)
    for tag, value in ((0x0201, start), (0x0202, len(THUMBNAIL))):
        directory += struct.pack(f"{order}HHLL", tag, 4, 1, value)
    linked = tiff[:link] + struct.pack(f"{order}L", second) + tiff[link + 4 :]
    return linked.ljust(second, b"\0") + directory + bytes(4) + THUMBNAIL


def jpeg(orientation: int = 1, pixels: np.ndarray | None = None) -> bytes:
    """A JPEG with `exif_block`."""
    file = io.BytesIO()
    image = Image.fromarray(noise() if pixels is None else pixels)
    image.save(file, "JPEG", quality=95, exif=b"Exif\0\0" + exif_block(orientation))
    return file.getvalue()


def write_photos(folder: Path, *names: str) -> None:
    """Write a photo under each of these names below a folder, each another."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(pixels=noise(seed=number)))


def exiftool(path: Path, *options: str) -> dict[str, object]:
    """What exiftool reads from a file; lists have several values. Skips the test without it."""
    return exiftool_all(path, *options)[0]


def exiftool_all(path: Path, *options: str) -> list[dict[str, object]]:
    """What exiftool reads from a file or from all files of a folder."""
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("needs exiftool, which is not installed")
    words = [program, "-j", "-n", *options, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))
