"""Networks of other programs, and photos to compare them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from foreign_network import CLASSES, color_graph
from PIL import Image


@pytest.fixture
def write_network(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a network of `color_graph` into a folder of its own."""

    def write(name: str = "network.onnx", **changes: Any) -> Path:
        folder = tmp_path / "foreign"
        folder.mkdir(exist_ok=True)
        onnx.save(color_graph(**changes), folder / name)
        return folder / name

    return write


@pytest.fixture
def classes_file(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(CLASSES) + "\n")
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of 12 small photos of random colours."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(12):
        pixels = random.integers(0, 256, (4, 6, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((30, 20)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def endless_network(tmp_path: Path, write_endless_model: Callable[[Path], Path]) -> Path:
    """A network of another program that holds a loop without end."""
    made = onnx.load(write_endless_model(tmp_path / "endless.onnx"))
    del made.metadata_props[:]
    onnx.save(made, tmp_path / "endless.onnx")
    return tmp_path / "endless.onnx"
