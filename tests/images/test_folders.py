from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctc.errors import InputError
from ctc.images.folders import find_photos

needs_links = pytest.mark.skipif(os.name == "nt", reason="needs symbolic links and permissions")


def names(root: Path) -> list[str]:
    return [os.path.relpath(path, root) for part in find_photos(root) for path in part]


def touch(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_find_photos_is_ordered_recursive_and_ignores_case(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "b.JPG",
        "a.jpeg",
        "site 2/x.Png",
        "site 1/night/y.TIF",
        "site 1/z.webp",
        "notes.txt",
    )
    assert names(tmp_path) == [
        "a.jpeg",
        "b.JPG",
        "site 1/z.webp",
        "site 1/night/y.TIF",
        "site 2/x.Png",
    ]


def test_find_photos_leaves_out_hidden_ones(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "._a.jpg", ".trash/b.jpg")
    assert names(tmp_path) == ["a.jpg"]


def test_find_photos_keeps_root_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "photos/a.jpg")
    monkeypatch.chdir(tmp_path)
    assert [list(part) for part in find_photos(Path("photos"))] == [[str(Path("photos/a.jpg"))]]


@needs_links
def test_find_photos_follows_links_once(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a/1.jpg", "b/2.jpg")
    touch(tmp_path / "elsewhere", "3.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "above").symlink_to(tmp_path)
    (root / "a" / "again").symlink_to(root / "b")
    (root / "disk").symlink_to(tmp_path / "elsewhere")
    (root / "itself").symlink_to(root / "itself")
    assert names(root) == ["a/1.jpg", "a/again/2.jpg", "disk/3.jpg"]


def test_find_photos_without_photos_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", ".hidden.jpg")
    with pytest.raises(InputError, match="holds no photos"):
        find_photos(tmp_path)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything, so root becomes nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@needs_links
def test_find_photos_unreadable_folder_is_an_error() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        touch(root, "a.jpg", "locked/b.jpg")
        (root / "locked").chmod(0)
        with (
            ordinary_user(),
            pytest.raises(InputError, match="locked' can't be read: permission denied"),
        ):
            find_photos(root)
        (root / "locked").chmod(0o700)
