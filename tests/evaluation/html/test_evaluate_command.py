"""The report of `ctc evaluate`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run


def test_evaluate_command_shows_photos_and_model_card(
    build_model, colour_dataset, read_page, tmp_path, capsys
) -> None:
    arguments = [
        "evaluate",
        str(build_model()),
        str(colour_dataset.folder),
        "--output",
        str(tmp_path / "evaluation"),
    ]
    assert run(arguments) == 0
    written = tmp_path / "evaluation" / "report.html"
    page = read_page(written)
    assert (page.unmatched, "photo not shown" in page.text) == ([], False)
    assert page.all("img", "alt")[0].startswith("test/")
    for part in (
        "'model.onnx'",
        "Input size 24 × 16 pixels (stretch)",
        "The same per photo (96 photos",
    ):
        assert part in page.text
    assert str(written) in capsys.readouterr().err


@pytest.fixture
def moved(tmp_path: Path) -> list[str]:
    """Predictions of two events and their truth, whose photos have moved to `there`."""
    (tmp_path / "p.csv").write_text(
        "id,label,predictions_all\n"
        + "".join(f'{one},species,"{{""fox"": 0.9, ""wolf"": 0.1}}"\n' for one in ("a", "b"))
    )
    columns = {"event_id": ["a", "b"], "images": [["a.jpg"], ["b.jpg"]], "species": ["fox", "wolf"]}
    Inventory(pa.table(columns), ("species",), tmp_path / "here").write(tmp_path / "i.parquet")
    (tmp_path / "there").mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "there" / name)
    return [
        "evaluate",
        str(tmp_path / "p.csv"),
        "--truth",
        str(tmp_path / "i.parquet"),
        "--output",
        str(tmp_path / "e"),
    ]


@pytest.mark.parametrize("root", [None, "there"])
def test_evaluate_command_finds_moved_photos_with_image_root(
    moved, root, read_page, tmp_path
) -> None:
    assert run([*moved, *(["--image-root", str(tmp_path / root)] if root else [])]) == 0
    page = read_page(tmp_path / "e" / "report.html")
    assert ("photo not shown" in page.text) == (root is None)
    assert bool(page.all("img", "src")) == (root is not None)
    assert str(tmp_path / (root or "here") / "a.jpg") in page.text
