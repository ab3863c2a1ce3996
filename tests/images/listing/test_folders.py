from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctc.errors import InputError
from ctc.images.listing.folders import find_photos

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
    with pytest.raises(InputError, match=r"holds no photos"):
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


@contextmanager
def locked_folder(*files: str) -> Iterator[Path]:
    """Yield a folder with a photo and an unreadable folder `locked`, as an ordinary user."""
    with tempfile.TemporaryDirectory() as name:
        root = touch(Path(name), "a.jpg", "locked/b.jpg", *files)
        root.chmod(0o755)
        (root / "locked").chmod(0)
        with ordinary_user():
            yield root
        (root / "locked").chmod(0o700)


@needs_links
def test_find_photos_lists_unreadable_folders() -> None:
    with locked_folder() as root:
        found = find_photos(root)
        assert [list(folder) for folder in found] == [[str(root / "a.jpg")]]
        assert found.unreadable == ((str(root / "locked"), "permission denied"),)


@needs_links
def test_find_photos_unreadable_root_is_an_error() -> None:
    with (
        locked_folder() as root,
        pytest.raises(InputError, match="locked' can't be read: permission denied"),
    ):
        find_photos(root / "locked")


JUNK = (
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "System Volume Information",
    "FOUND.000",
    "__MACOSX",
    "lost+found",
    "@Recycle",
)


@pytest.mark.parametrize("junk", JUNK)
def test_find_photos_passes_over_junk_folders(
    tmp_path: Path, junk: str, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "fox/a.jpg", f"fox/{junk}/a.jpg/thumbnail.jpg")
    with caplog.at_level("INFO", "ctc"):
        assert names(tmp_path) == ["fox/a.jpg"]
    assert f"passed over: 1 folder of the storage device ('fox/{junk}')" in caplog.text


def test_find_photos_searches_junk_folder_that_is_given(tmp_path: Path) -> None:
    touch(tmp_path, "FOUND.000/a.jpg")
    assert names(tmp_path / "FOUND.000") == ["a.jpg"]


def test_find_photos_tells_what_is_no_photo(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "a.jpg", "a.MP4", "b.avi", "c.HEIC", "d.CR2", "e.txt", "f.jfif", "Thumbs.db")
    with caplog.at_level("INFO", "ctc"):
        assert names(tmp_path) == ["a.jpg"]
    assert "passed over: 2 videos, 1 HEIC, 1 raw, 2 other files" in caplog.text


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (("a.txt",), "passed over: 1 file that is not a photo"),
        (("a.txt", "b.csv"), "passed over: 2 files that are not photos"),
        (("a.mp4",), "passed over: 1 video"),
        (("a.nef", "b.nef"), "passed over: 2 raw"),
    ],
)
def test_find_photos_tells_of_one_kind(
    others: tuple[str, ...], told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "x.jpg", *others)
    with caplog.at_level("INFO", "ctc"):
        assert names(tmp_path) == ["x.jpg"]
    assert caplog.messages[0].endswith(told)


def test_find_photos_of_videos_alone_tells_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no photos .*; passed over: 1 video$"):
        find_photos(touch(tmp_path, "a.mp4"))
