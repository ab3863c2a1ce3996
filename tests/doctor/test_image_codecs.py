"""Synthetic images, and decoding of every format."""

from __future__ import annotations

from ctc.doctor.image_codecs import camera_photos, check_image_formats
from ctc.images import decode


def test_check_image_formats_decodes_every_format() -> None:
    assert check_image_formats() == dict.fromkeys(("jpeg", "png", "bmp", "webp", "tiff", "gif"))


def test_camera_photos_are_as_large_as_those_of_cameras() -> None:
    (photo,) = camera_photos(1, 864, 1152)
    assert decode(photo).shape == (864, 1152, 3)
    assert 150_000 < len(photo) < 350_000
