"""Pillow's warnings about damage that leaves the pixels sound do not reach the terminal."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.subprocess


def mpo_with_damaged_index() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (32, 24), (200, 10 * number, 0)) for number in range(2)]
    frames[0].save(file, "MPO", save_all=True, append_images=frames[1:])
    data = bytearray(file.getvalue())
    index = data.index(b"MPF\0") + 4
    data[index + 8 : index + 30] = b"\xff" * 22
    return bytes(data)


def jpeg_with_damaged_exif() -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "make"
    Image.new("RGB", (32, 24)).save(file, "JPEG", exif=exif)
    data = bytearray(file.getvalue())
    entries = data.index(b"Exif\0\0") + 14
    data[entries : entries + 2] = b"\x7f\x7f"
    return bytes(data)


@pytest.mark.parametrize("make", [mpo_with_damaged_index, jpeg_with_damaged_exif])
@pytest.mark.parametrize(
    "read",
    [
        "from ctc.images import decode; decode(data)",
        "from ctc.images.metadata.exif import parse_exif; parse_exif(data)",
    ],
)
def test_damaged_metadata_prints_nothing(tmp_path: Path, make, read: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(make())
    code = f"import pathlib; data = pathlib.Path('photo.jpg').read_bytes(); {read}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pillow_would_warn(tmp_path: Path) -> None:
    """Otherwise the test above shows nothing."""
    for make in (mpo_with_damaged_index, jpeg_with_damaged_exif):
        with pytest.warns(UserWarning, match="."):
            Image.open(io.BytesIO(make())).getexif()
