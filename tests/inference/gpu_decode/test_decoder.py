"""DALI's graph for predictions, on the CPU: the same operators as on a GPU."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images import decode, min_decode_size, to_model_input
from ctc.images.metadata.photo_header import read_photo_header
from ctc.inference.gpu_decode import decoder as decoder_module
from ctc.inference.gpu_decode.decoder import EncodedPhoto, GpuDecoder
from ctc.inference.gpu_decode.device import DaliDevice

pytest.importorskip("nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]")

PHOTOS = (
    "african_elephants.jpg",
    "african_elephants_with_exif_orientation.jpg",
    "blank2.jpg",
    "human.jpg",
    "ocelot.jpg",
)


def jpeg(height: int = 90, width: int = 120, orientation: int = 1, **save: Any) -> bytes:
    """A photo whose four quarters have different colours."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (250, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 250, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **{"quality": 95, "exif": exif, **save})
    return file.getvalue()


def open_decoder(preprocessing: Preprocessing, batch_size: int = 8) -> GpuDecoder:
    return GpuDecoder(preprocessing, batch_size, 2, DaliDevice())


def accepted(decoder: GpuDecoder, data: bytes) -> EncodedPhoto | None:
    return decoder.accept(data, read_photo_header(data))


def decoded(decoder: GpuDecoder, photos: list[EncodedPhoto | None], images: np.ndarray) -> Any:
    found = decoder.decode(photos, images)
    return None if found is None else np.asarray(found.owner)


def reference(data: bytes, preprocessing: Preprocessing) -> np.ndarray:
    return to_model_input(decode(data, min_decode_size(preprocessing)), preprocessing)


@pytest.mark.parametrize("resize", ["stretch", "fit-crop", "letterbox"])
@pytest.mark.parametrize("size", [(224, 224), (96, 160)])
def test_decode_shows_photos_as_the_cpu_does(shared: Path, resize: Any, size: Any) -> None:
    preprocessing = Preprocessing(*size, resize)
    decoder = open_decoder(preprocessing)
    data = [(shared / "data/camera-trap-photos" / name).read_bytes() for name in PHOTOS]
    found = decoded(
        decoder, [accepted(decoder, one) for one in data], np.zeros((5, *size, 3), np.uint8)
    )
    for one, image in zip(data, found, strict=True):
        off = np.abs(image.astype(int) - reference(one, preprocessing))
        assert off.mean() < 2.5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
def test_decode_turns_photos_upright(orientation: int, resize: Any) -> None:
    preprocessing = Preprocessing(30, 40, resize)
    decoder, data = open_decoder(preprocessing), jpeg(orientation=orientation)
    (image,) = decoded(decoder, [accepted(decoder, data)], np.zeros((1, 30, 40, 3), np.uint8))
    expected = reference(data, preprocessing).astype(int)
    assert np.abs(image.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("size", [(20, 30), (31, 30), (1, 1), (300, 20)])
@pytest.mark.parametrize("resize", ["stretch", "fit-crop", "letterbox"])
def test_decode_of_small_and_narrow_photos(size: tuple[int, int], resize: Any) -> None:
    preprocessing = Preprocessing(32, 48, resize)
    decoder, data = open_decoder(preprocessing), jpeg(*size)
    (image,) = decoded(decoder, [accepted(decoder, data)], np.zeros((1, 32, 48, 3), np.uint8))
    assert np.abs(image.astype(int) - reference(data, preprocessing)).mean() < 8


def test_decode_keeps_ready_images_in_their_places() -> None:
    decoder, data = open_decoder(Preprocessing(32, 32)), jpeg()
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    photo = accepted(decoder, data)
    found = decoded(decoder, [None, photo, None, photo], images)
    for at in (0, 2, 4, 5):
        np.testing.assert_array_equal(found[at], images[at])
    np.testing.assert_array_equal(found[1], found[3])
    alone = decoded(decoder, [photo], images[:1])
    np.testing.assert_array_equal(found[1], alone[0])


def test_decode_leaves_earlier_batches_as_they_are() -> None:
    decoder = open_decoder(Preprocessing(32, 32))
    kept = []
    for quality in (10, 50, 95):
        photo = accepted(decoder, jpeg(quality=quality))
        found = decoder.decode([photo], np.zeros((1, 32, 32, 3), np.uint8))
        assert found is not None
        kept.append((found, np.asarray(found.owner).copy()))
    assert len({found.pointer for found, _ in kept}) == 3
    for found, before in kept:
        np.testing.assert_array_equal(np.asarray(found.owner), before)


def cmyk() -> bytes:
    file = io.BytesIO()
    Image.new("CMYK", (40, 30)).save(file, "JPEG")
    return file.getvalue()


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        png(),
        cmyk(),
        jpeg(progressive=True),
        jpeg(keep_rgb=True),
        jpeg()[:-2],
        jpeg()[:600],
        jpeg() + b"stray",
        b"",
    ],
    ids=["png", "cmyk", "progressive", "rgb", "no end", "cut", "stray bytes", "empty"],
)
def test_accept_leaves_unusual_photos_to_the_cpu(data: bytes) -> None:
    assert accepted(open_decoder(Preprocessing(32, 32)), data) is None


def test_accept_leaves_huge_photos_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, data = open_decoder(Preprocessing(32, 32)), jpeg()
    assert accepted(decoder, data) is not None
    monkeypatch.setattr(decoder_module, "MAX_PIXELS", 120 * 90 - 1)
    assert accepted(decoder, data) is None


def test_accept_takes_grey_photos() -> None:
    file = io.BytesIO()
    Image.new("L", (40, 30), 90).save(file, "JPEG")
    decoder = open_decoder(Preprocessing(32, 32))
    photo = accepted(decoder, file.getvalue())
    (image,) = decoded(decoder, [photo], np.zeros((1, 32, 32, 3), np.uint8))
    assert np.abs(image.astype(int) - 90).max() <= 1


def break_scan(data: bytes) -> bytes:
    """Return a JPEG whose header is sound, and which no decoder takes: its Huffman tables say
    nothing."""
    at = data.index(b"\xff\xc4")
    return data[: at + 5] + b"\xff" * 16 + data[at + 21 :]


def test_decode_returns_none_after_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    decoder = open_decoder(Preprocessing(32, 32))
    good, bad = accepted(decoder, jpeg()), accepted(decoder, break_scan(jpeg()))
    images = np.zeros((2, 32, 32, 3), np.uint8)
    with caplog.at_level(logging.WARNING):
        assert decoder.decode([good, bad], images) is None
        assert decoder.decode([good, good], images) is not None
        assert decoder.decode([bad, good], images) is None
    (record,) = caplog.records
    assert record.getMessage() == (
        "DALI failed on a batch, which the CPU decodes instead: Failed to decode sample #1"
    )


def test_decoder_gives_up_after_three_failures_in_a_row(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_driver(*_: Any) -> Callable[..., Any]:
        raise RuntimeError("CUDA driver is insufficient")

    monkeypatch.setattr(decoder_module, "build_pipeline", no_driver)
    decoder, data = open_decoder(Preprocessing(32, 32)), jpeg()
    for _ in range(3):
        photo = accepted(decoder, data)
        assert photo is not None
        assert decoder.decode([photo], np.zeros((1, 32, 32, 3), np.uint8)) is None
    assert accepted(decoder, data) is None
    assert [record.getMessage() for record in caplog.records] == [
        "DALI failed on a batch, which the CPU decodes instead: CUDA driver is insufficient",
        "DALI failed on 3 batches in a row: the CPU decodes all further photos",
    ]
