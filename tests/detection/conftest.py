"""Photos with a bright rectangle, and a detector that finds it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

Rectangle = tuple[int, int, int, int]


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    """A detector of 320 × 320 pixels."""
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


@pytest.fixture
def draw_photo(tmp_path: Path) -> Callable[..., Path]:
    """A function that saves a dark photo with bright rectangles (left, top, right, bottom).

    `orientation`: that of EXIF; the pixels are turned so that the photo looks the same.
    """

    def save(
        name: str, size: tuple[int, int], *rectangles: Rectangle, orientation: int = 1
    ) -> Path:
        photo = Image.new("RGB", size, (40, 60, 40))
        for left, top, right, bottom in rectangles:
            corners = (left, top, right - 1, bottom - 1)
            ImageDraw.Draw(photo).rectangle(corners, fill=(250, 250, 250))
        exif = Image.Exif()
        exif[274] = orientation
        for turn in TURNS[orientation]:
            photo = photo.transpose(turn)
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo.save(path, quality=95, **({"exif": exif} if path.suffix == ".jpg" else {}))
        return path

    return save


TURN = Image.Transpose
TURNS: dict[int, list[Image.Transpose]] = {
    1: [],
    2: [TURN.FLIP_LEFT_RIGHT],
    3: [TURN.ROTATE_180],
    4: [TURN.FLIP_TOP_BOTTOM],
    5: [TURN.TRANSPOSE],
    6: [TURN.ROTATE_90],
    7: [TURN.TRANSVERSE],
    8: [TURN.ROTATE_270],
}
"""How the pixels are stored, so that a viewer turns them back."""
