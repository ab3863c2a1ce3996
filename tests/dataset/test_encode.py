"""Encoding of photos: the file itself, a smaller JPEG, or the square around the box."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from ctc.artifacts.boxes import Box
from ctc.dataset.encode import ChannelSums, EventPlan, StorageFormat, _channel_sums, encode_event
from ctc.images import decode
from ctc.images.crop import Region, square_around
from ctc.images.jpeg_header import read_header

FORMAT = StorageFormat(60, 90)
RED, GREEN = (200, 30, 30), (40, 160, 40)


def encode(
    folder: Path, data: bytes, storage_format: StorageFormat = FORMAT, box: Box | None = None
) -> bytes:
    (folder / "photo.jpg").write_bytes(data)
    record = encode_event(
        EventPlan("e", ("photo.jpg",), (box,), {}, {}), folder, storage_format
    ).record
    assert record is not None
    assert decode(record.jpegs[0]).shape[:2] == record.sizes[0]
    return record.jpegs[0]


def jpeg(height: int = 60, width: int = 80, **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(pixels).resize((width, height))
    image.convert(str(options.pop("mode", "RGB"))).save(
        file, "JPEG", **{"quality": 95, "subsampling": "4:2:0", **options}
    )
    return file.getvalue()


def rotated_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def plain_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "RECONYX"
    return exif


@pytest.mark.parametrize(
    "data", [jpeg(), jpeg(40, 60), jpeg(exif=plain_exif())], ids=["fits", "smaller", "exif"]
)
def test_encode_event_copies_small_baseline_jpeg_unchanged(tmp_path: Path, data: bytes) -> None:
    assert encode(tmp_path, data) == data


@pytest.mark.parametrize(
    "data",
    [
        jpeg(120, 160),
        jpeg(progressive=True),
        jpeg(subsampling="4:4:4"),
        jpeg(mode="L"),
        jpeg(mode="CMYK"),
        jpeg(exif=rotated_exif()),
    ],
    ids=["twice as large", "progressive", "4:4:4", "grey", "CMYK", "rotated"],
)
def test_encode_event_converts_other_photos_to_small_baseline_jpeg(
    tmp_path: Path, data: bytes
) -> None:
    result = encode(tmp_path, data)
    header = read_header(result)
    assert result != data
    assert header is not None
    assert header.is_baseline_420
    assert min(header.height, header.width) == 60


def test_encode_event_rejects_truncated_small_jpeg(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(jpeg()[:-400])
    encoded = encode_event(EventPlan("e", ("cut.jpg",), (None,), {}, {}), tmp_path, FORMAT)
    assert encoded.record is None
    assert "premature end" in encoded.failures[0].reason


def test_encode_event_crops_square_around_box_with_margin(tmp_path: Path) -> None:
    photo = np.full((400, 600, 3), GREEN, np.uint8)
    photo[100:180, 300:400] = RED
    data = simplejpeg.encode_jpeg(photo, quality=95, colorsubsampling="420")
    box = Box(300 / 600, 100 / 400, 100 / 600, 80 / 400)
    cut = decode(encode(tmp_path, data, StorageFormat(60, 95, 0.0), box)).astype(int)
    assert cut.shape == (60, 60, 3)
    assert np.abs(cut[10:50, 5:55] - RED).max() < 12
    wide = decode(encode(tmp_path, data, StorageFormat(60, 95, 0.5), box)).astype(int)
    assert np.abs(wide[:15, :15] - GREEN).max() < 12
    assert np.abs(wide[25:35, 25:35] - RED).max() < 12


def test_encode_event_keeps_photo_without_box_whole(tmp_path: Path) -> None:
    assert decode(encode(tmp_path, jpeg(120, 180), StorageFormat(60, 90, 0.1))).shape == (60, 90, 3)


@pytest.mark.parametrize(
    ("box", "margin", "region"),
    [
        (Box(0.4, 0.4, 0.2, 0.2), 0.0, Region(60, 160, 80, 80)),
        (Box(0.4, 0.4, 0.2, 0.2), 0.25, Region(40, 140, 120, 120)),
        (Box(0.0, 0.0, 0.1, 0.1), 0.5, Region(0, 0, 80, 80)),
        (Box(0.9, 0.8, 0.1, 0.2), 0.5, Region(120, 320, 80, 80)),
        (Box(0.1, 0.1, 0.8, 0.5), 0.0, Region(0, 40, 200, 320)),
    ],
    ids=["centre", "margin", "corner", "other corner", "longer than the photo is high"],
)
def test_square_around_stays_in_photo_and_contains_box(
    box: Box, margin: float, region: Region
) -> None:
    assert square_around(box, 200, 400, margin) == region


def sums_per_channel(pixels: np.ndarray) -> ChannelSums:
    """Return the sums as earlier versions computed them, one channel after the other."""
    moments = [cv2.meanStdDev(channel) for channel in cv2.split(pixels)]
    mean, std = np.reshape(moments, (3, 2)).T / 255.0
    count = pixels.shape[0] * pixels.shape[1]
    return ChannelSums(count, mean * count, (std**2 + mean**2) * count)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (500, 667), (501, 333), (3000, 4000)])
def test_channel_sums_are_bit_identical_to_those_per_channel(shape) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    found, expected = _channel_sums(pixels), sums_per_channel(pixels)
    assert found.pixels == expected.pixels
    assert found.total.tobytes() == expected.total.tobytes()
    assert found.squares.tobytes() == expected.squares.tobytes()
