"""What is read from headers without Pillow is what Pillow reads."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ctc.images import decode, oriented_size
from ctc.images.metadata.exif import Exif, parse_exif, read_exif
from ctc.images.metadata.photo_header import MAX_PIXELS, read_photo_header

MODULES = [import_module(f"ctc.images.{name}") for name in ("metadata.exif", "decode")]
SHORT, LONG = 3, 4


@contextmanager
def with_pillow_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "read_photo_header", lambda _: None)
        yield


def camera_photo(orientation: int = 6, **save: Any) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "2026:02:03 04:05:06", 0xA431: "H500"})
    position = {1: "S", 2: (1.0, 17.0, 11.4), 3: "E", 4: (36.0, 49.0, 2.0)}
    exif.get_ifd(0x8825).update(position)
    texts = {0x010F: "RECONYX", 0x0110: "HC500", 0x0132: "2026:02:03 04:05:07"}
    exif.update({**texts, 0x0112: orientation, 0x011A: 72.0, 0x0128: 2, 0x8769: 0, 0x8825: 0})
    file = io.BytesIO()
    Image.new("RGB", (24, 16), (200, 30, 90)).save(file, "JPEG", exif=exif, **save)
    return file.getvalue()


CAMERA_PHOTO = camera_photo()


def everything(data: bytes) -> tuple[Exif, object, object]:
    """Return what is known of a photo, and the errors, as text."""

    def attempt(read: Any) -> object:
        try:
            return read()
        except Exception as error:
            return repr(error)

    pixels = attempt(lambda: decode(data).tolist())
    return parse_exif(data), attempt(lambda: oriented_size(data)), pixels


def assert_as_pillow(data: bytes) -> None:
    found = everything(data)
    with with_pillow_alone():
        assert repr(found) == repr(everything(data))


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("Pillow opened the photo")

    monkeypatch.setattr(Image, "open", fail)


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_camera_photo_is_read_without_pillow(tmp_path: Path, orientation: int) -> None:
    data = camera_photo(orientation)
    size = (16, 24) if orientation < 5 else (24, 16)
    assert oriented_size(data) == (*size, orientation == 1)
    assert decode(data).shape == (*oriented_size(data)[:2], 3)
    (tmp_path / "a.jpg").write_bytes(data)
    assert parse_exif(data) == read_exif(tmp_path / "a.jpg")
    assert parse_exif(data).serial == "H500"


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize(
    "name", ["blank", "blank2", "human", "american_black_bear", "african_elephants_truncated_file"]
)
def test_real_camera_photos_are_read_without_pillow(shared: Path, name: str) -> None:
    data = (shared / "data" / "camera-trap-photos" / f"{name}.jpg").read_bytes()
    assert parse_exif(data).taken is not None
    assert min(oriented_size(data)[:2]) > 1_000


def test_real_photos_are_read_as_pillow_reads_them(shared: Path) -> None:
    photos = sorted((shared / "data" / "camera-trap-photos").glob("*.jpg"))
    assert len(photos) > 10
    for photo in photos:
        data = photo.read_bytes()
        ours = parse_exif(data), oriented_size(data)
        with with_pillow_alone():
            assert (parse_exif(data), oriented_size(data)) == ours


def test_pixels_are_those_behind_pillows_header() -> None:
    pixels = decode(CAMERA_PHOTO)
    with with_pillow_alone():
        assert np.array_equal(decode(CAMERA_PHOTO), pixels)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 700), st.sampled_from([0, 1, 2, 3, 4, 5, 7, 12, 255])),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([None, 300, 500, 700]),
)
def test_damaged_photos_are_read_as_pillow_reads_them(
    changes: list[tuple[int, int]], length: int | None
) -> None:
    data = bytearray(CAMERA_PHOTO)
    for place, value in changes:
        data[place] = value
    assert_as_pillow(bytes(data[:length]))


def entry_offset(data: bytes, tag: int) -> int:
    return data.index(struct.pack(">H", tag), data.index(b"MM\0*"))


@pytest.mark.parametrize(
    ("tag", "kind", "count"),
    [
        (0x010F, SHORT, 1),
        (0x0112, SHORT, 2),
        (0x0112, LONG, 1),
        (0x011A, 2, 1),
        (0x0128, SHORT, 4),
        (0x8769, SHORT, 1),
        (0x8769, LONG, 2),
        (0x8825, 99, 1),
    ],
)
def test_tags_of_other_types_are_read_as_pillow_reads_them(tag: int, kind: int, count: int) -> None:
    data = bytearray(CAMERA_PHOTO)
    at = entry_offset(CAMERA_PHOTO, tag)
    data[at + 2 : at + 8] = struct.pack(">HL", kind, count)
    assert_as_pillow(bytes(data))


@pytest.mark.parametrize(
    "marker", [b"\xff\xe0", b"\xff\xe1", b"\xff\xe2", b"\xff\xed", b"\xff\xee"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"JFIF",
        b"Adobe",
        b"Adobe\0d\0\0\0\0\0\0",
        b"MPF\0MM\0*",
        b"ICC_PROFILE\0",
        b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0",
        b"Exif\0\0MM\0*",
        b'http://ns.adobe.com/xap/1.0/\0 tiff:Orientation="8"',
    ],
)
@pytest.mark.parametrize("photo", [CAMERA_PHOTO, camera_photo(1, progressive=True)])
def test_other_segments_are_read_as_pillow_reads_them(
    photo: bytes, marker: bytes, body: bytes
) -> None:
    segment = marker + struct.pack(">H", len(body) + 2) + body
    assert_as_pillow(photo[:2] + segment + photo[2:])
    assert_as_pillow(photo[:2] + b"\xff" + segment + photo[2:])


def test_orientation_in_xmp_counts() -> None:
    file = io.BytesIO()
    Image.new("RGB", (24, 16)).save(file, "JPEG")
    body = b'http://ns.adobe.com/xap/1.0/\0 tiff:Orientation="8"'
    data = file.getvalue()
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    assert oriented_size(data) == (24, 16, False)


def test_huge_photo_is_left_to_pillow() -> None:
    data = bytearray(CAMERA_PHOTO)
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 20_000, 20_000)
    assert MAX_PIXELS < 20_000**2
    assert read_photo_header(bytes(data)) is None
    assert_as_pillow(bytes(data))


@pytest.mark.parametrize(
    ("photo", "is_ycbcr"),
    [
        (CAMERA_PHOTO, True),
        (camera_photo(keep_rgb=True), False),
        (
            camera_photo(keep_rgb=True).replace(b"\xff\xee\x00\x0eAdobe", b"\xff\xee\x00\x0eOther"),
            False,
        ),
    ],
)
def test_header_tells_ycbcr_from_rgb(photo: bytes, is_ycbcr: bool) -> None:
    header = read_photo_header(photo)
    assert header is not None
    assert header.is_ycbcr == is_ycbcr


def test_header_of_grey_photo_is_ycbcr() -> None:
    file = io.BytesIO()
    Image.new("L", (24, 16), 90).save(file, "JPEG")
    header = read_photo_header(file.getvalue())
    assert header is not None
    assert header.is_ycbcr
