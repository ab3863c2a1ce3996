"""From a path to bytes: what is read, what is refused and why; and nothing that blocks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctc.errors import ImageError
from ctc.images import is_image_name, read_photo


def reason(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_photo(path)
    return str(caught.value)


def test_a_file_is_read_whole_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / ("é🦊 \n" + "x" * 200 + ".JPG")
    path.write_bytes(b"bytes")
    assert read_photo(path) == b"bytes"


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "b.jpg") == b"bytes"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert reason(tmp_path / "a.jpg") == "empty file"


def test_a_missing_file_and_a_dangling_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    assert (
        reason(tmp_path / "gone.jpg")
        == reason(tmp_path / "link.jpg")
        == "no such file or directory"
    )


def test_a_folder_called_like_a_photo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    assert reason(tmp_path / "a.jpg") in ("is a directory", "not a file", "permission denied")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.timeout(20)
def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert reason(tmp_path / "a.jpg") == "not a file"


def test_a_device_is_refused() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("this system has no /dev/zero")
    assert reason(Path("/dev/zero")) == "not a file"


def test_a_path_that_no_file_can_have_is_refused() -> None:
    assert "null" in reason(Path("a\0b.jpg"))


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path / ("x" * 300 + ".jpg")) == "file name too long"


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "B.JPEG", "c.Png", "d.bmp", "e.webp", "f.tif", "g.TIFF", "h.gif", "two.dots.jpg"],
)
def test_names_of_photos(name) -> None:
    assert is_image_name(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "jpg", ".jpg", ".hidden.jpg", "._a.jpg", "a.jpg.part", "a.svg", "a.heic", ""]
)
def test_names_of_other_files(name) -> None:
    assert not is_image_name(name)
