"""Search for the photos in a folder and its subfolders."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ctc.errors import InputError, reason
from ctc.images.files import is_image_name
from ctc.storage.paths import is_remote, parse_path
from ctc.storage.remote_files import as_os_errors, error_reason

FolderLister = Callable[[str], tuple[list[str], list[str]]]
"""Takes a folder; returns the names of its photos and the paths of its subfolders."""


@dataclass(frozen=True)
class FolderPhotos:
    """Photos of one folder; `prefix` + name is a path, as the user wrote it.

    There may be millions, so `packed` holds the names in one string, a NUL after each.
    """

    prefix: str
    packed: bytes

    @classmethod
    def from_names(cls, prefix: str, names: Iterable[str]) -> FolderPhotos:
        return cls(prefix, b"".join(os.fsencode(name) + b"\0" for name in names))

    @property
    def count(self) -> int:
        return self.packed.count(b"\0")

    def __iter__(self) -> Iterator[str]:
        return (self.prefix + os.fsdecode(name[0]) for name in re.finditer(rb"[^\0]+", self.packed))


def find_photos(root: Path) -> list[FolderPhotos]:
    """Return all photos in `root` and its subfolders, sorted by name.

    A folder's own photos come before those of its subfolders. Hidden files and folders are left
    out. Links to folders are followed; each real folder is read once, and a link to a folder that
    contains the link is ignored. Raises InputError if a folder can't be read or there is no photo.
    """
    if is_remote(root):
        found = list(_walk(str(root).rstrip("/"), "/", _list_remote))
    else:
        found = list(_walk(str(root), os.sep, partial(_list_local, set())))
    if not found:
        raise InputError(f"folder '{root}' holds no photos (jpg, png, bmp, webp, tiff, gif)")
    return found


def _walk(root: str, separator: str, list_folder: FolderLister) -> Iterator[FolderPhotos]:
    pending = [root]
    while pending:
        folder = pending.pop()
        photos, folders = list_folder(folder)
        if photos:
            yield FolderPhotos.from_names(folder.rstrip(separator) + separator, sorted(photos))
        pending += sorted(folders, reverse=True)


def _list_local(seen: set[str], folder: str) -> tuple[list[str], list[str]]:
    """List a local folder (see `FolderLister`); nothing for a real folder that is in `seen`."""
    real = os.path.realpath(folder)
    if real in seen:
        return [], []
    seen.add(real)
    photos: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    if not (entry.is_symlink() and _contains(os.path.realpath(entry.path), real)):
                        folders.append(entry.path)
                elif is_image_name(entry.name):
                    photos.append(entry.name)
    except OSError as error:
        raise InputError(f"folder '{folder}' can't be read: {reason(error)}") from None
    return photos, folders


def _list_remote(folder: str) -> tuple[list[str], list[str]]:
    """List a remote folder (see `FolderLister`)."""
    photos: list[str] = []
    folders: list[str] = []
    try:
        with as_os_errors(folder):
            there = parse_path(folder)
            path: str = there.path.rstrip("/") + "/"  # type: ignore[attr-defined]
            entries = there.fs.ls(there.path, detail=True)  # type: ignore[attr-defined]
    except OSError as error:
        raise InputError(f"folder '{folder}' can't be read: {error_reason(error)}") from None
    for entry in entries:
        name = entry["name"].removeprefix(path).strip("/")
        if not name or name.startswith(".") or "/" in name:  # a web page may link to other folders
            continue
        if entry["type"] == "directory":
            folders.append(f"{folder}/{name}")
        elif is_image_name(name):
            photos.append(name)
    return photos, folders


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _contains(folder: str, other: str) -> bool:
    """Return whether `other` is `folder` or in it."""
    return other == folder or other.startswith(folder.rstrip(os.sep) + os.sep)
