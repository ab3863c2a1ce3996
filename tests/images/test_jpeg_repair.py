"""Stray bytes around sound pixels, and damage that looks like them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from ctc.errors import ImageError
from ctc.images import decode
from ctc.images.decode import decode_and_repair

RNG = np.random.default_rng(0)
PIXELS = np.kron(RNG.integers(0, 256, (15, 20, 3)).astype(np.uint8), np.ones((8, 8, 1), np.uint8))


def jpeg(**options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


SOUND = jpeg()
RESTARTS = jpeg(restart_marker_rows=1)
EOI = b"\xff\xd9"


def before_tables(data: bytes, stray: bytes) -> bytes:
    at = data.index(b"\xff\xdb")
    return data[:at] + stray + data[at:]


STRAY: dict[str, Callable[[bytes], bytes]] = {
    "zeros before the end": lambda data: data[:-2] + bytes(17) + EOI,
    "one byte before the end": lambda data: data[:-2] + b"\x5a" + EOI,
    "ones before the end": lambda data: data[:-2] + b"\xff" * 9 + EOI,
    "before a table": lambda data: before_tables(data, bytes(range(5))),
    "no end": lambda data: data[:-2],
    "no end, but zeros": lambda data: data[:-2] + bytes(40),
    "behind the end": lambda data: data + bytes(4096),
    "several": lambda data: before_tables(data[:-2] + bytes(20) + EOI + b"x", b"stray"),
}


@pytest.mark.parametrize("sound", [SOUND, RESTARTS], ids=["plain", "restarts"])
@pytest.mark.parametrize("kind", STRAY)
@pytest.mark.parametrize("policy", ["fail", "use"])
def test_decode_ignores_stray_bytes(sound: bytes, kind: str, policy: str) -> None:
    pixels = decode(STRAY[kind](sound), truncated=policy)
    assert np.array_equal(pixels, decode(sound))


@pytest.mark.parametrize("size", [(0, 0), (20, 20)])
def test_decode_and_repair_returns_what_a_strict_decoder_takes(size: tuple[int, int]) -> None:
    data = STRAY["several"](SOUND)
    pixels, repaired = decode_and_repair(data, size)
    assert np.array_equal(pixels, decode(SOUND, size))
    assert np.array_equal(
        simplejpeg.decode_jpeg(repaired, strict=True), simplejpeg.decode_jpeg(SOUND)
    )


def test_decode_and_repair_returns_sound_file_unchanged() -> None:
    data = SOUND + b"behind the end"
    assert decode_and_repair(data)[1] is data


def middle(data: bytes) -> int:
    return (data.index(b"\xff\xda") + len(data)) // 2


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda data: data[: middle(data)],
    "half with an end": lambda data: data[: middle(data)] + EOI,
    "last bytes": lambda data: data[:-40],
    "last bytes with an end": lambda data: data[:-40] + EOI,
    "zeros in the middle": lambda data: (
        data[: middle(data)] + bytes(600) + data[middle(data) + 600 :]
    ),
    "bytes that were not decoded": lambda data: data[:-2] + data[middle(data) :][:50] + EOI,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_decode_refuses_damage(kind: str) -> None:
    with pytest.raises(ImageError):
        decode(DAMAGE[kind](SOUND))


def test_decode_refuses_stray_bytes_before_restart() -> None:
    at = RESTARTS.index(b"\xff\xd3")
    with pytest.raises(ImageError, match="extraneous bytes before marker 0xd3"):
        decode(RESTARTS[:at] + bytes(30) + RESTARTS[at:])


def test_decode_refuses_progressive_jpeg_without_its_last_scans() -> None:
    data = jpeg(progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="premature end"):
        decode(data[:last])
    assert decode(data[:last], truncated="use").shape == PIXELS.shape


def test_decode_keeps_the_reason_of_a_truncated_photo() -> None:
    with pytest.raises(ImageError, match=r"^premature end of JPEG file$"):
        decode(DAMAGE["half"](SOUND))
