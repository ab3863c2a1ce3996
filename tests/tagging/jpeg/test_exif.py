"""EXIF blocks without pictures and without coordinates."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tagged_photos import THUMBNAIL, exif_block, exiftool, jpeg

from ctc.tagging.jpeg.exif import without_coordinates, without_previews
from ctc.tagging.jpeg.segments import APP1, EXIF, read_segments


def photo_with(path: Path, tiff: bytes | None) -> dict[str, object]:
    """What exiftool reads of a photo with an EXIF block."""
    file = read_segments(jpeg())
    assert file is not None
    assert tiff is not None
    path.write_bytes(file.replaced(APP1, EXIF, [EXIF + tiff]).to_bytes())
    return exiftool(path)


def test_without_previews_has_no_thumbnail_and_is_upright(tmp_path: Path) -> None:
    tiff = without_previews(exif_block(orientation=6))
    found = photo_with(tmp_path / "a.jpg", tiff)
    assert tiff is not None
    assert THUMBNAIL in exif_block()
    assert b"\xff\xd8\xff" not in tiff
    assert "ThumbnailImage" not in found
    assert (found["Orientation"], found["Make"]) == (1, "RECONYX")
    assert found["DateTimeOriginal"] == "2024:05:01 06:00:00"
    assert found["GPSLatitude"] == 48.5
    assert "Warning" not in found


def test_without_previews_empties_a_maker_note_with_a_picture(tmp_path: Path) -> None:
    picture = b"note" + THUMBNAIL
    tiff = bytearray(b"II*\0" + struct.pack("<L", 8))
    tiff += struct.pack("<H HHLL HHLL L", 2, 0x010F, 2, 8, 64, 0x927C, 7, len(picture), 80, 0)
    tiff = tiff.ljust(64, b"\0") + b"RECONYX\0"
    tiff = tiff.ljust(80, b"\0") + picture
    found = without_previews(bytes(tiff))
    assert found is not None
    assert b"RECONYX" in found
    assert b"note" not in found


def test_without_previews_of_big_endian_blocks() -> None:
    tiff = b"MM\0*" + struct.pack(">L", 8) + struct.pack(">H HHLHH L", 1, 0x0112, 3, 1, 6, 0, 0)
    found = without_previews(tiff)
    assert found == tiff.replace(struct.pack(">HH", 6, 0), struct.pack(">HH", 1, 0))


def test_without_coordinates_keeps_all_else(tmp_path: Path) -> None:
    found = photo_with(tmp_path / "a.jpg", without_coordinates(exif_block(orientation=6)))
    assert not [name for name in found if "GPS" in name]
    assert (found["Orientation"], found["Make"]) == (6, "RECONYX")
    assert found["ThumbnailLength"] == len(THUMBNAIL)
    assert "Warning" not in found


@pytest.mark.parametrize("clean", [without_previews, without_coordinates])
@pytest.mark.parametrize(
    "tiff", [b"", b"II*\0", b"XX*\0aaaa", b"II*\0\xff\0\0\0", b"II*\0\x08\0\0\0\5"]
)
def test_damaged_blocks_are_told(clean: object, tiff: bytes) -> None:
    assert callable(clean)
    assert clean(tiff) is None


def test_directories_in_a_circle_end() -> None:
    tiff = b"II*\0" + struct.pack("<L", 8) + struct.pack("<H HHLL L", 1, 0x8769, 4, 1, 8, 0)
    assert without_previews(tiff) == tiff
