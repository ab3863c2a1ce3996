"""Where missing photos were looked for, and what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.inventory.checks.missing_photos import explain_missing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    photo = tmp_path / "photos" / "CAM 01" / "a.jpg"
    photo.parent.mkdir(parents=True)
    photo.touch()
    return tmp_path / "photos"


@pytest.mark.parametrize("start", ["D:/Photos 2024/", "//nas/share/", "old/folder/"])
def test_explain_missing_names_what_to_take_away(root: Path, start: str) -> None:
    assert explain_missing(f"{start}CAM 01/a.jpg", root).endswith(
        f"; take '{start}' away from the start of the paths"
    )


def test_explain_missing_says_where_it_looked(root: Path) -> None:
    assert explain_missing("CAM 02/a.jpg", root) == (
        f"looked for '{root / 'CAM 02' / 'a.jpg'}'; check --image-root"
    )


@pytest.mark.parametrize("photo", ["/data/CAM 02/a.jpg", "D:/CAM 02/a.jpg"])
def test_explain_missing_of_an_absolute_path_advises_no_image_root(root: Path, photo: str) -> None:
    assert explain_missing(photo, root).endswith(
        "; the path is absolute, so --image-root has no effect: correct the path"
    )


def test_explain_missing_finds_the_folder_above(root: Path) -> None:
    found = explain_missing("photos/CAM 01/a.jpg", root)
    assert found.endswith(f"; give --image-root '{root.parent.as_posix()}'")


def test_explain_missing_finds_the_folder_below(root: Path) -> None:
    assert explain_missing("a.jpg", root).endswith(f"; give --image-root '{root / 'CAM 01'}'")
