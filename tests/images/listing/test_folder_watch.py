"""Photos that are missing, and folders that went away with theirs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ctc.errors import ImageError, InputError
from ctc.images.listing.folder_watch import FolderWatch


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    for name in ("cam1/a.jpg", "cam1/b.jpg", "cam2/c.jpg"):
        path = tmp_path / "disk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"photo")
    return tmp_path / "disk"


def test_folder_watch_missing_photo_is_a_failure(disk: Path) -> None:
    watch = FolderWatch(str(disk))
    assert watch.read(str(disk / "cam1" / "a.jpg")) == b"photo"
    (disk / "cam1" / "b.jpg").unlink()
    with pytest.raises(ImageError, match="no such file"):
        watch.read(str(disk / "cam1" / "b.jpg"))


def test_folder_watch_folder_that_never_was_is_a_failure(disk: Path) -> None:
    watch = FolderWatch(str(disk))
    watch.read(str(disk / "cam1" / "a.jpg"))
    with pytest.raises(ImageError, match="no such file"):
        watch.read(str(disk / "cam3" / "a.jpg"))


@pytest.mark.parametrize("name", ["cam1/b.jpg", "cam2/c.jpg"])
def test_folder_watch_disk_that_goes_away_ends_the_run(disk: Path, name: str) -> None:
    watch = FolderWatch()
    watch.read(str(disk / "cam1" / "a.jpg"))
    disk.rename(disk.with_name("away"))
    with pytest.raises(InputError, match=r"folder '.*disk' is gone \(no such file or directory\)"):
        watch.read(str(disk / name))


def test_folder_watch_tells_an_unmounted_disk_by_its_device(disk: Path, monkeypatch) -> None:
    watch = FolderWatch()
    watch.read(str(disk / "cam1" / "a.jpg"))
    (disk / "cam1" / "b.jpg").unlink()
    stat = Path.stat
    monkeypatch.setattr(
        Path,
        "stat",
        lambda path: SimpleNamespace(st_dev=-1) if path == disk else stat(path),
    )
    with pytest.raises(InputError, match=r"the disk of folder '.*disk' is gone, so its photos"):
        watch.read(str(disk / "cam1" / "b.jpg"))


def test_folder_watch_expects_the_folders_of_an_earlier_run(disk: Path) -> None:
    watch = FolderWatch()
    watch.expect(str(disk / "cam1" / "a.jpg"))
    disk.rename(disk.with_name("away"))
    with pytest.raises(InputError, match=r"folder '.*cam1' is gone"):
        watch.read(str(disk / "cam1" / "b.jpg"))
