"""Where copies and sidecars are written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctc.errors import UsageError
from ctc.reporting import counted
from ctc.storage.paths import absolute_path, is_url, relative_path
from ctc.tagging.config import SidecarName, TagConfig
from ctc.tagging.records import TaggedPhoto

_SUFFIX = ".xmp"


@dataclass(frozen=True, slots=True)
class Place:
    """`copy`: where the photo is copied to, None for no copy. `sidecar`: its sidecar, which is
    written if `only_sidecar`, or if the copy can't hold keywords. `old_sidecar`: what the original
    has, which that of a copy begins with."""

    copy: Path | None
    sidecar: Path
    old_sidecar: Path | None
    only_sidecar: bool


@dataclass(frozen=True)
class Places:
    """The places of photos; `root`: the folder or URL that the tree of copies starts from, ''
    without copies, or if there is none."""

    config: TagConfig
    root: str = ""
    _folders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, photos: Sequence[TaggedPhoto], config: TagConfig) -> Places:
        """Return the places of these photos.

        Raises UsageError for sidecars beside URLs, for copies over the photos themselves, for two
        photos with one output, and for folders that can't be written.
        """
        places = cls(config, "" if config.copy_to is None else _root(photos, config.image_root))
        if config.copy_to is None:
            _check_local(photos)
            _check_folders(_folder(one.path) for one in photos)
        else:
            _check_not_photos(photos, places)
        _check_distinct(photos, places)
        return places

    def place(self, photo: TaggedPhoto) -> Place:
        """Return the place of a photo's output."""
        name, path = self.config.sidecar_name, photo.path
        if self.config.copy_to is None:
            return Place(None, Path(sidecar_of(path, name)), None, only_sidecar=True)
        copy = self.copy_path(path)
        old = None if is_url(path) else Path(sidecar_of(path, name))
        return Place(Path(copy), Path(sidecar_of(copy, name)), old, self.config.sidecars)

    def copy_path(self, path: str) -> str:
        """Return where a photo is copied to: below the root as it is; from elsewhere, its whole
        path."""
        if is_url(path):
            folder, _, name = path.partition("?")[0].rpartition("/")
        else:
            folder, name = os.path.split(path)
        if folder not in self._folders:
            below = _below_url if is_url(path) else _below
            parts = [part.replace(":", "_") for part in below(folder, self.root).split("/") if part]
            self._folders[folder] = str(Path(self.config.copy_to or "", *parts))
        return f"{self._folders[folder]}/{name}"

    def outputs(self, photos: Sequence[TaggedPhoto]) -> Iterator[tuple[TaggedPhoto, str, bool]]:
        """Yield each photo with each path that it may be written to, and whether that is a
        sidecar."""
        for photo in photos:
            main = photo.path
            if self.config.copy_to is not None:
                main = self.copy_path(photo.path)
                yield photo, main, False
            yield photo, sidecar_of(main, self.config.sidecar_name), True


def sidecar_of(photo: str, name: SidecarName) -> str:
    """Return the path of a photo's sidecar."""
    return (os.path.splitext(photo)[0] if name == "photo.xmp" else photo) + _SUFFIX


def _folder(path: str) -> str:
    return os.path.split(path)[0] or "."


def _root(photos: Sequence[TaggedPhoto], image_root: Path | None) -> str:
    """Return the folder that the tree of copies starts from: that of all local photos."""
    if image_root is not None:
        text = str(image_root)
        return text if is_url(text) else absolute_path(text)
    folders = {_folder(one.path) for one in photos if not is_url(one.path)}
    try:
        common = os.path.commonpath(map(absolute_path, folders)) if folders else ""
        return common.replace(os.sep, "/")
    except ValueError:  # on several drives
        return ""


def _below(folder: str, root: str) -> str:
    """Return the path of a folder below the root; of one elsewhere its whole path."""
    whole = absolute_path(folder or ".")
    if whole == root:
        return ""
    found = relative_path(whole, Path(root)) if root else None
    return whole if found is None else found


def _below_url(folder: str, root: str) -> str:
    start = f"{root.rstrip('/')}/"
    if root and f"{folder}/".startswith(start):
        return f"{folder}/".removeprefix(start)
    return folder.partition("://")[2]


def _check_local(photos: Iterable[TaggedPhoto]) -> None:
    for photo in photos:
        if is_url(photo.path):
            raise UsageError(
                f"'{photo.path}' is a URL, beside which no sidecar can be written: use --copy-to"
                " DIR"
            )


def _check_folders(folders: Iterable[str]) -> None:
    """Raise UsageError unless sidecars can be written into these folders."""
    known = map(Path, dict.fromkeys(folders))
    closed = [one for one in known if one.is_dir() and not os.access(one, os.W_OK)]
    if closed:
        more = f" and {counted(len(closed) - 1, 'more folder')}" if len(closed) > 1 else ""
        raise UsageError(
            f"'{closed[0]}'{more} can't be written: write keywords into copies with --copy-to DIR"
        )


def _check_not_photos(photos: Sequence[TaggedPhoto], places: Places) -> None:
    """Raise UsageError for copies among the photos, where the next run would find them."""
    _check_outside(places.config.copy_to or Path(), places.root)
    given = {_folder(one.path) for one in photos if not is_url(one.path)}
    originals = {os.path.realpath(folder) for folder in given}
    copies = {_folder(places.copy_path(one.path)) for one in photos}
    for folder in sorted(copies):
        whole = Path(os.path.realpath(folder))
        found = next((one for one in (whole, *whole.parents) if str(one) in originals), None)
        if found is not None:
            _refuse(folder, str(found))


def _check_outside(copy_to: Path, root: str) -> None:
    """Raise UsageError for copies below the root, unless one works in there or above."""
    if not root or is_url(root):
        return
    real, folder, work = Path(os.path.realpath(root)), copy_to.resolve(), Path.cwd().resolve()
    if folder.is_relative_to(real) and not work.is_relative_to(real):
        _refuse(str(copy_to), root)


def _refuse(folder: str, photos: str) -> None:
    raise UsageError(
        f"copies in '{folder}' would be among the photos of '{photos}': choose another --copy-to"
    )


def _check_distinct(photos: Sequence[TaggedPhoto], places: Places) -> None:
    owners: dict[str, str] = {}
    for photo, path, is_sidecar in places.outputs(photos):
        owner = owners.setdefault(path, photo.path)
        if owner != photo.path:
            remedy = "name the folder that all photos are in with --image-root"
            remedy = "use --sidecar-name photo.jpg.xmp" if is_sidecar else remedy
            raise UsageError(f"'{owner}' and '{photo.path}' would both have '{path}': {remedy}")
