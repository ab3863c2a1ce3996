"""Decoding of every format, valid and damaged."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.errors import ImageError
from ctc.images import decode, encode_jpeg, is_jpeg

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(height: int = 32, width: int = 48) -> np.ndarray:
    """Red and green above blue and white: no symmetry, so that every turn shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    middle, centre = height // 2, width // 2
    pixels[:middle, :centre], pixels[:middle, centre:] = RED, GREEN
    pixels[middle:, :centre], pixels[middle:, centre:] = BLUE, WHITE
    return pixels


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def with_orientation(pixels: np.ndarray, orientation: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(
        Image.fromarray(pixels), kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {})
    )


# what the camera stored, so that it is upright after the turn that the tag asks for (EXIF 2.32, tag
# 0x0112)
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def corners(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return pixels[
        [height // 5, height // 5, -height // 5, -height // 5],
        [width // 5, -width // 5, width // 5, -width // 5],
    ]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_applies_exif_orientation(orientation, kind) -> None:
    stored = np.ascontiguousarray(STORED[orientation](quarters()))
    pixels = decode(with_orientation(stored, orientation, kind))
    assert pixels.shape == (32, 48, 3)
    assert np.abs(corners(pixels).astype(int) - [RED, GREEN, BLUE, WHITE]).max() < 40


@pytest.mark.parametrize("orientation", [1, 6])
def test_decode_scales_rotated_jpeg_by_upright_size(orientation) -> None:
    stored = np.ascontiguousarray(STORED[orientation](quarters(320, 480)))
    assert decode(with_orientation(stored, orientation), (80, 100)).shape == (80, 120, 3)


@pytest.mark.parametrize(
    ("at_least", "size"),
    [
        ((0, 0), (500, 667)),
        ((300, 300), (500, 667)),
        ((250, 250), (250, 334)),
        ((250, 335), (500, 667)),
        ((224, 224), (250, 334)),
        ((63, 84), (63, 84)),
        ((1, 1), (63, 84)),
        ((9999, 1), (500, 667)),
    ],
)
def test_decode_uses_smallest_sufficient_scale(at_least, size) -> None:
    data = encode_jpeg(np.full((500, 667, 3), 90, np.uint8), 90)
    assert decode(data, at_least).shape[:2] == size


def test_decode_ignores_damaged_exif() -> None:
    data = bytearray(with_orientation(quarters(), 6))
    start = data.index(b"Exif\0\0") + 6
    data[start : start + 4] = b"\xff" * 4
    assert decode(bytes(data)).shape == (32, 48, 3)


def test_decode_cmyk() -> None:
    image = Image.fromarray(quarters()).convert("CMYK")
    pixels = decode(saved(image, "JPEG", quality=95))
    assert np.abs(corners(pixels).astype(int) - [RED, GREEN, BLUE, WHITE]).max() < 40


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF"])
def test_decode_grey_gives_three_equal_channels(kind) -> None:
    pixels = decode(saved(Image.new("L", (20, 10), 77), kind))
    assert pixels.shape == (10, 20, 3)
    assert np.abs(pixels.astype(int) - 77).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_decode_bilevel_gives_0_and_255(kind) -> None:
    image = Image.new("1", (20, 10), 0)
    image.paste(1, (0, 0, 10, 10))
    assert decode(saved(image, kind))[5, [2, 15]].tolist() == [[255] * 3, [0] * 3]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_decode_composites_transparent_palette_over_white(kind) -> None:
    image = Image.new("P", (20, 10), 0)
    image.putpalette([0, 0, 0, 200, 30, 40])
    image.paste(1, (0, 0, 10, 10))
    pixels = decode(saved(image, kind, transparency=0))
    assert pixels[5, 2].tolist() == [200, 30, 40]
    assert pixels[5, 15].tolist() == [255, 255, 255]


def test_decode_mixes_half_transparent_pixels_with_white() -> None:
    rgba = saved(Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "PNG")
    grey = saved(Image.new("LA", (4, 4), (0, 128)), "PNG")
    assert decode(rgba)[0, 0].tolist() == [127] * 3
    assert decode(grey)[0, 0].tolist() == [127] * 3


def test_decode_composites_transparent_webp_over_white() -> None:
    assert (
        decode(saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "WEBP", lossless=True))[0, 0].tolist()
        == [255] * 3
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_decode_rescales_16_bits(kind) -> None:
    values = np.array([[0, 20000, 65535]], np.uint16)
    assert decode(saved(Image.fromarray(values), kind))[0, :, 0].tolist() == [0, 78, 255]


def test_decode_rescales_big_endian_16_bit_tiff() -> None:
    values = np.array([[0, 20000, 65535]], ">u2")
    data = saved(Image.frombytes("I;16B", (3, 1), values.tobytes()), "TIFF")
    assert decode(data)[0, :, 0].tolist() == [0, 78, 255]


@pytest.mark.parametrize("top", [1.0, 0.5, 40.0])
def test_decode_scales_floats_by_1_or_their_maximum(top) -> None:
    values = np.array([[0.0, top / 2, top]], np.float32)
    expected = np.round(values[0] / max(1.0, top) * 255)
    assert np.abs(decode(saved(Image.fromarray(values), "TIFF"))[0, :, 0] - expected).max() <= 1


def test_decode_takes_first_frame_of_gif() -> None:
    frames = [Image.new("RGB", (12, 8), color) for color in (RED, GREEN, BLUE)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data)[0, 0].tolist() == list(RED)


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {})]
)
def test_decode_lossless_formats_exactly(kind, options) -> None:
    assert np.array_equal(decode(saved(Image.fromarray(quarters()), kind, **options)), quarters())


@pytest.mark.parametrize(
    "options",
    [{"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"quality": 20}],
    ids=str,
)
def test_decode_jpeg_variants_like_pillow(options) -> None:
    data = saved(Image.fromarray(quarters(64, 96)), "JPEG", **options)
    pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(decode(data) - pillow).mean() < 3


def test_is_jpeg_goes_by_content() -> None:
    data = saved(Image.fromarray(quarters()), "PNG")
    assert not is_jpeg(data)
    assert np.array_equal(decode(data), quarters())


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.2])
def test_decode_truncated_jpeg_fails_or_is_used(kept) -> None:
    rng = np.random.default_rng(0)
    data = encode_jpeg(rng.integers(0, 256, (200, 300, 3), np.uint8), 90)
    data = data[: int(kept * len(data))]
    with pytest.raises(ImageError, match="premature end of JPEG file"):
        decode(data)
    assert decode(data, truncated="use").shape == (200, 300, 3)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("truncated", ["fail", "use"])
def test_decode_other_truncated_formats_fail(kind, truncated) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    data = saved(Image.fromarray(pixels), kind)
    with pytest.raises(ImageError):
        decode(data[: len(data) // 2], truncated=truncated)


@pytest.mark.parametrize(
    "content",
    [
        b"not a photo",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF....WEBP",
        b"II*\0",
        b"BM",
    ],
)
def test_decode_garbage_fails_with_one_line(content) -> None:
    with pytest.raises(ImageError) as caught:
        decode(content)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX"])
def test_decode_refuses_formats_outside_allow_list(kind) -> None:
    with pytest.raises(ImageError, match="not an image of a known kind"):
        decode(saved(Image.fromarray(quarters()), kind))


@pytest.mark.parametrize("side", [14_000, 50_000])
def test_decode_refuses_decompression_bomb(side) -> None:
    data = bytearray(saved(Image.new("RGB", (8, 8)), "PNG"))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(ImageError, match="more than 178956970 pixels"):
        decode(bytes(data))


def test_decode_refuses_jpeg_bomb() -> None:
    data = bytearray(encode_jpeg(np.zeros((16, 16, 3), np.uint8), 90))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(ImageError, match="more than 178956970 pixels"):
        decode(bytes(data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"])
def test_decode_random_damage_raises_only_image_error(kind) -> None:
    rng = np.random.default_rng(7)
    whole = saved(Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)), kind)
    for _ in range(150):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(0, 256)
        try:
            pixels = decode(bytes(data))
        except ImageError:
            continue
        assert (pixels.dtype, pixels.ndim) == (np.uint8, 3)


REAL = {
    "african_elephants.jpg": False,
    "african_elephants_bw.jpg": True,
    "african_elephants_cmyk.jpg": False,
    "blank.jpg": None,
    "ocelot.jpg": None,
}


@pytest.mark.parametrize("name", REAL)
def test_decode_real_photos_like_pillow(shared: Path, name) -> None:
    path = shared / "data" / "camera-trap-photos" / name
    pixels = decode(path.read_bytes())
    with Image.open(path) as image:
        pillow = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(pixels - pillow).mean() < 4
    if REAL[name] is not None:
        assert (np.ptp(pixels.astype(int), axis=2).max() <= 2) == REAL[name]


def test_decode_real_rotated_photo_is_upright(shared: Path) -> None:
    folder = shared / "data" / "camera-trap-photos"
    turned = decode(
        (folder / "african_elephants_with_exif_orientation.jpg").read_bytes(), (100, 100)
    )
    upright = decode((folder / "african_elephants.jpg").read_bytes(), (100, 100))
    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 12


def test_decode_real_truncated_photo_fails(shared: Path) -> None:
    data = (
        shared / "data" / "camera-trap-photos" / "african_elephants_truncated_file.jpg"
    ).read_bytes()
    with pytest.raises(ImageError, match="premature end of JPEG file"):
        decode(data, (224, 224))
