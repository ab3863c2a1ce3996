"""Photos of one colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Draw = Callable[..., Path]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """A function that saves a photo of one colour below `tmp_path` and returns its path."""

    def save(name: str, color: tuple[int, int, int] = (255, 0, 0)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 16), color).save(path, "PNG")
        return path

    return save
