"""Photos whose names on the disk differ from those in the source."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.inventory.checks.photo_names import PhotoNames, rename_photos


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = (
        "CAM01/IMG_0001.JPG",
        "CAM01/IMG_0002.jpeg",
        "CAM01/IMG_0003.JPG",
        "cheve\u0302che/a.jpg",
        "CAM01/Twice.JPG",
        "CAM01/twice.jpg",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("named", "actual"),
    [
        ("cam01/IMG_0001.jpg", "CAM01/IMG_0001.JPG"),
        ("CAM01/IMG_0001.JPG", "CAM01/IMG_0001.JPG"),
        ("CAM01/IMG_0002.jpg", "CAM01/IMG_0002.jpeg"),
        ("CAM01/IMG_0003", "CAM01/IMG_0003.JPG"),
        ("chev\u00eache/a.JPG", "cheve\u0302che/a.jpg"),
        ("CAM01/Twice.JPG", "CAM01/Twice.JPG"),
        ("CAM01/TWICE.JPG", None),
        ("CAM01/IMG_0009.JPG", None),
        ("CAM01/IMG_0001.png", None),
        ("CAM02/IMG_0001.JPG", None),
        ("https://example.org/a.jpg", None),
    ],
)
def test_photo_names_finds_name_on_disk(root: Path, named: str, actual: str | None) -> None:
    if (root / "cam01").exists():
        pytest.skip("the file system ignores case")
    assert PhotoNames(root).find(named) == actual
    if "://" not in named:
        absolute = PhotoNames(Path("elsewhere")).find((root / named).as_posix())
        assert absolute == (actual and (root / actual).as_posix())


def test_rename_photos_renames_what_is_found(root: Path) -> None:
    images = [["CAM01/img_0001.jpg", "CAM01/none.jpg"], ["CAM01/IMG_0003.JPG"]]
    table = pa.table({"event_id": ["1", "2"], "images": images, "species": ["fox", "hare"]})
    inventory, notes = rename_photos(Inventory(table, ("species",), root))
    assert inventory.table["images"].to_pylist() == [
        ["CAM01/IMG_0001.JPG", "CAM01/none.jpg"],
        ["CAM01/IMG_0003.JPG"],
    ]
    assert inventory.table.schema == table.schema
    assert notes == ("1 photo found under another spelling of the name (--ignore-case)",)
