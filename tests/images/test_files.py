"""Reading of photo files, and the reasons of refusal; nothing may block."""

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


def test_read_photo_ignores_name(tmp_path: Path) -> None:
    path = tmp_path / ("é🦊 \n" + "x" * 200 + ".JPG")
    path.write_bytes(b"bytes")
    assert read_photo(path) == b"bytes"


def test_read_photo_follows_link(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "b.jpg") == b"bytes"


def test_read_photo_refuses_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert reason(tmp_path / "a.jpg") == "empty file"


def test_read_photo_refuses_missing_file_and_broken_link(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    assert (
        reason(tmp_path / "gone.jpg")
        == reason(tmp_path / "link.jpg")
        == "no such file or directory"
    )


def test_read_photo_refuses_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    assert reason(tmp_path / "a.jpg") in ("is a directory", "not a file", "permission denied")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.timeout(20)
def test_read_photo_refuses_fifo_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert reason(tmp_path / "a.jpg") == "not a file"


def test_read_photo_refuses_device() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("this system has no /dev/zero")
    assert reason(Path("/dev/zero")) == "not a file"


def test_read_photo_refuses_invalid_path() -> None:
    assert "null" in reason(Path("a\0b.jpg"))


def test_read_photo_refuses_too_long_name(tmp_path: Path) -> None:
    assert reason(tmp_path / ("x" * 300 + ".jpg")) == "file name too long"


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "B.JPEG", "c.Png", "d.bmp", "e.webp", "f.tif", "g.TIFF", "h.gif", "two.dots.jpg"],
)
def test_is_image_name_accepts(name) -> None:
    assert is_image_name(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "jpg", ".jpg", ".hidden.jpg", "._a.jpg", "a.jpg.part", "a.svg", "a.heic", ""]
)
def test_is_image_name_rejects(name) -> None:
    assert not is_image_name(name)
