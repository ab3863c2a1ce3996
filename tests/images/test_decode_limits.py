"""Photos that would take far more memory or time than a photo."""

from __future__ import annotations

import io
import struct
import zlib
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from ctc.errors import ImageError
from ctc.images import DecodeBuffer, cached_buffer, decode
from ctc.images.to_rgb import to_rgb

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def progressive_jpeg(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), (90, 20, 60)).save(file, "JPEG", progressive=True, quality=50)
    return file.getvalue()


def with_scans(data: bytes, scans: int) -> bytes:
    """Repeat the last scan of a JPEG until it has that many."""
    last = data.rindex(b"\xff\xda")
    more = scans - data.count(b"\xff\xda")
    return data[:last] + data[last:-2] * (1 + more) + data[-2:]


def png(width: int, height: int, depth: int, color: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


def test_decode_takes_a_usual_number_of_scans() -> None:
    data = progressive_jpeg(64)
    assert decode(data).shape == (64, 64, 3)
    assert decode(with_scans(data, 100), truncated="use").shape == (64, 64, 3)


def test_decode_refuses_many_scans_before_decoding() -> None:
    with pytest.raises(
        ImageError, match=r"^1,001 scans of 64×64 pixels, far more than a photo has$"
    ):
        decode(with_scans(progressive_jpeg(64), 1001))


def test_decode_refuses_fewer_scans_of_more_pixels() -> None:
    data = bytearray(with_scans(progressive_jpeg(64), 60))
    frame = data.index(b"\xff\xc2")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 9990, 9990)
    with pytest.raises(ImageError, match="60 scans of 9990×9990 pixels"):
        decode(bytes(data))


def test_decode_refuses_scans_of_sequential_jpegs_as_well() -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG")
    data = file.getvalue()
    first = data.index(b"\xff\xda")
    scan_of_one_component = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + data[first + 14 : -2]
    with pytest.raises(ImageError, match="1,001 scans"):
        decode(data[:first] + 1001 * scan_of_one_component + data[-2:])


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        (png(13_000, 13_000, 8, 6), "RGBA"),
        (png(13_000, 13_000, 8, 2), "RGB"),
    ],
)
def test_decode_refuses_deep_pixels_beyond_memory(data: bytes, mode: str) -> None:
    with pytest.raises(ImageError, match=rf"13000×13000 pixels as PNG \({mode}\) need more than"):
        decode(data)


def test_decode_refuses_webp_beyond_memory() -> None:
    file = io.BytesIO()
    Image.new("RGB", (9_000, 9_000)).save(file, "WEBP", lossless=True, quality=0, method=0)
    with pytest.raises(ImageError, match="9000×9000 pixels as WEBP"):
        decode(file.getvalue())


def test_decode_says_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(import_module("ctc.images.decode"), "to_rgb", fail)
    file = io.BytesIO()
    Image.new("P", (40, 30)).save(file, "PNG")
    with pytest.raises(ImageError, match=r"^not enough memory for 40×30 pixels$"):
        decode(file.getvalue())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "F", "CMYK"])
def test_to_rgb_in_strips_gives_the_same_pixels(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (61, 47)).astype(np.uint16))
    elif mode == "F":
        image = Image.fromarray((rng.random((61, 47)) * 700).astype(np.float32))
    else:
        rgba = Image.fromarray(rng.integers(0, 256, (61, 47, 4)).astype(np.uint8))
        image = (rgba if mode in ("RGBA", "LA") else rgba.convert("RGB")).convert(mode)
    whole = to_rgb(image)
    monkeypatch.setattr(import_module("ctc.images.to_rgb"), "STRIP_PIXELS", 300)
    assert np.array_equal(to_rgb(image), whole)


def test_decode_buffer_does_not_keep_memory_of_a_huge_photo() -> None:
    buffer = DecodeBuffer()
    small = buffer.get(1000)
    assert len(buffer.get(300 << 20)) == 300 << 20
    assert buffer.get(1000) is small


@pytest.mark.parametrize("size", [1, 1000, 5_000_000])
def test_cached_buffer_begins_at_an_odd_address(size) -> None:
    buffer = cached_buffer(size)
    assert len(buffer) >= size
    assert buffer.__array_interface__["data"][0] % 64 == 1
