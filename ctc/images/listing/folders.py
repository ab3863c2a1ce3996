"""Search for the photos in a folder and its subfolders."""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ctc.errors import InputError, reason
from ctc.images.clips.names import CLIP_SUFFIXES, is_clip_name
from ctc.images.files import is_image_name
from ctc.images.listing.file_kinds import kind_of_name
from ctc.images.listing.folder_names import is_junk_folder
from ctc.reporting import counted
from ctc.storage.paths import is_remote, parse_path
from ctc.storage.remote_files import as_os_errors, error_reason

MAX_SHOWN = 3
_CLIPS = re.compile("|".join(map(re.escape, CLIP_SUFFIXES)).encode(), re.IGNORECASE)

log = logging.getLogger(__name__)


@dataclass
class FolderContent:
    """What was found in one folder, or in several.

    `photos`: names. `folders`: paths of its subfolders to search. `unreadable`: path and reason of
    folders that can't be read. `junk`: paths of folders that are passed over. `others`: kinds of
    files that are passed over (see `kind_of_name`).
    """

    photos: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    junk: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


FolderLister = Callable[[str], FolderContent]
"""Takes a folder, returns its content; raises OSError if the folder can't be read."""


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

    @property
    def may_have_clips(self) -> bool:
        """Whether there may be a clip among the names; False is sure."""
        return bool(_CLIPS.search(self.packed))

    def __iter__(self) -> Iterator[str]:
        return (self.prefix + os.fsdecode(name[0]) for name in re.finditer(rb"[^\0]+", self.packed))


@dataclass(frozen=True)
class FoundPhotos:
    """Photos below a folder, and the subfolders that may hold more.

    `unreadable`: path and reason of each subfolder that can't be read.
    """

    folders: tuple[FolderPhotos, ...]
    unreadable: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[FolderPhotos]:
        return iter(self.folders)


def find_photos(root: Path, clips: bool = False) -> FoundPhotos:
    """Return all photos in `root` and its subfolders, sorted by name; with `clips` those as well.

    A folder's own photos come before those of its subfolders. Hidden files and folders, and those
    of storage devices (see `is_junk_folder`), are left out. Links to folders are followed; each
    real folder is read once, and a link to a folder that contains the link is ignored. Raises
    InputError if `root` can't be read, or there is neither a photo nor an unreadable folder. Logs
    what was passed over.
    """
    total = FolderContent()
    if is_remote(root):
        list_folder = partial(_list_remote, clips)
        folders = tuple(_walk(str(root).rstrip("/"), "/", list_folder, total))
    else:
        folders = tuple(_walk(str(root), os.sep, partial(_list_local, clips, set()), total))
    note = _describe_passed_over(root, total)
    if not folders and not total.unreadable:
        why = f"; {note}" if note else ""
        kinds = "jpg, png, bmp, webp, tiff, gif"
        what = (
            f"no photos ({kinds}) or clips (mp4, mov, avi, mts)"
            if clips
            else f"no photos ({kinds})"
        )
        raise InputError(f"folder '{root}' holds {what}{why}")
    if note:
        log.info("'%s': %s", root, note)
    return FoundPhotos(folders, tuple(total.unreadable))


def _walk(
    root: str, separator: str, list_folder: FolderLister, total: FolderContent
) -> Iterator[FolderPhotos]:
    """Yield the photos of each folder, and add to `total` what else is there."""
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            found = list_folder(folder)
        except OSError as error:
            why = error_reason(error) if is_remote(folder) else reason(error)
            if folder == root:
                raise InputError(f"folder '{folder}' can't be read: {why}") from None
            total.unreadable.append((folder, why))
            continue
        total.junk += found.junk
        total.unreadable += found.unreadable
        total.others += found.others
        if found.photos:
            yield FolderPhotos.from_names(
                folder.rstrip(separator) + separator, sorted(found.photos)
            )
        pending += sorted(found.folders, reverse=True)


def _describe_passed_over(root: Path, total: FolderContent) -> str:
    kinds = sorted(total.others.items(), key=_kind_order)
    parts = [_count(count, kind, is_alone=len(kinds) == 1) for kind, count in kinds]
    if total.junk:
        start = str(root).rstrip("/" + os.sep)
        shown = [f"'{path.removeprefix(start)[1:]}'" for path in total.junk[:MAX_SHOWN]]
        more = ", …" if len(total.junk) > MAX_SHOWN else ""
        word = "folder" if len(total.junk) == 1 else "folders"
        parts.append(f"{len(total.junk):,} {word} of the storage device ({', '.join(shown)}{more})")
    return f"passed over: {', '.join(parts)}" if parts else ""


def _kind_order(item: tuple[str, int]) -> tuple[bool, bool, str]:
    return item[0] == "other", item[0] != "video", item[0]


def _count(count: int, kind: str, is_alone: bool) -> str:
    if kind == "other":
        if is_alone:
            return counted(count, "file that is not a photo", "files that are not photos")
        return counted(count, "other file")
    return counted(count, kind, "videos" if kind == "video" else kind)


def _list_local(clips: bool, seen: set[str], folder: str) -> FolderContent:
    """List a local folder; nothing for a real folder that is in `seen`."""
    found = FolderContent()
    real = os.path.realpath(folder)
    if real in seen:
        return found
    seen.add(real)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not _is_folder(entry):
                _add_file(found, entry.name, clips)
            elif is_junk_folder(entry.name):
                _add_junk(found, entry.path)
            elif not (entry.is_symlink() and _contains(os.path.realpath(entry.path), real)):
                found.folders.append(entry.path)
    return found


def _add_file(found: FolderContent, name: str, clips: bool) -> None:
    if is_image_name(name) or (clips and is_clip_name(name)):
        found.photos.append(name)
        return
    kind = kind_of_name(name)
    if kind is not None:
        found.others[kind] += 1


def _add_junk(found: FolderContent, path: str) -> None:
    """Add a folder that is passed over; what can't even be looked at is told as unreadable."""
    try:
        with os.scandir(path):
            found.junk.append(path)
    except OSError as error:
        found.unreadable.append((path, reason(error)))


def _list_remote(clips: bool, folder: str) -> FolderContent:
    """List a remote folder."""
    found = FolderContent()
    with as_os_errors(folder):
        there = parse_path(folder)
        path: str = there.path.rstrip("/") + "/"  # type: ignore[attr-defined]
        entries = there.fs.ls(there.path, detail=True)  # type: ignore[attr-defined]
    for entry in entries:
        name = entry["name"].removeprefix(path).strip("/")
        if not name or name.startswith(".") or "/" in name:  # a web page may link to other folders
            continue
        if entry["type"] != "directory":
            _add_file(found, name, clips)
        elif is_junk_folder(name):
            found.junk.append(f"{folder}/{name}")
        else:
            found.folders.append(f"{folder}/{name}")
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _contains(folder: str, other: str) -> bool:
    """Return whether `other` is `folder` or in it."""
    return other == folder or other.startswith(folder.rstrip(os.sep) + os.sep)
