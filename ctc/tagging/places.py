"""Where copies and sidecars are written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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

    @property
    def main(self) -> Path:
        """The file that is written in any case."""
        return self.sidecar if self.copy is None else self.copy


def find_places(photos: Sequence[TaggedPhoto], config: TagConfig) -> list[Place]:
    """Return the place of each photo's output.

    Raises UsageError for sidecars beside URLs, for copies over the photos themselves, for two
    photos with one output, and for folders that can't be written.
    """
    if config.copy_to is None:
        places = [_beside(photo, config.sidecar_name) for photo in photos]
        _check_folders(place.sidecar.parent for place in places)
    else:
        root = _root(photos, config.image_root)
        places = [_below(photo, config.copy_to, root, config) for photo in photos]
        _check_not_photos(photos, places)
    _check_distinct(photos, places)
    return places


def sidecar_of(photo: Path, name: SidecarName) -> Path:
    """Return the path of a photo's sidecar."""
    return photo.with_suffix(_SUFFIX) if name == "photo.xmp" else Path(f"{photo}{_SUFFIX}")


def _beside(photo: TaggedPhoto, name: SidecarName) -> Place:
    if is_url(photo.path):
        raise UsageError(
            f"'{photo.path}' is a URL, beside which no sidecar can be written: use --copy-to DIR"
        )
    return Place(None, sidecar_of(Path(photo.path), name), None, True)


def _below(photo: TaggedPhoto, folder: Path, root: str, config: TagConfig) -> Place:
    copy = folder / _relative(photo.path, root)
    old = None if is_url(photo.path) else sidecar_of(Path(photo.path), config.sidecar_name)
    return Place(copy, sidecar_of(copy, config.sidecar_name), old, config.sidecars)


def _root(photos: Sequence[TaggedPhoto], image_root: Path | None) -> str:
    """Return the folder that the tree of copies starts from: that of all local photos."""
    if image_root is not None:
        text = str(image_root)
        return text if is_url(text) else absolute_path(text)
    folders = {
        absolute_path(one.path).rpartition("/")[0] or "/" for one in photos if not is_url(one.path)
    }
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        return ""


def _relative(path: str, root: str) -> str:
    """Return the path of a photo below the root; of one elsewhere its whole path."""
    if is_url(path):
        plain = path.partition("?")[0]
        below = plain.removeprefix(f"{root.rstrip('/')}/") if root else plain
        text = below if below != plain else plain.partition("://")[2]
    else:
        text = (relative_path(path, Path(root)) if root else None) or absolute_path(path)
    parts = [part.replace(":", "_") for part in text.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)


def _check_folders(folders: Iterable[Path]) -> None:
    """Raise UsageError unless sidecars can be written into these folders."""
    closed = [one for one in dict.fromkeys(folders) if one.is_dir() and not os.access(one, os.W_OK)]
    if closed:
        more = f" and {counted(len(closed) - 1, 'more folder')}" if len(closed) > 1 else ""
        raise UsageError(
            f"'{closed[0]}'{more} can't be written: write keywords into copies with --copy-to DIR"
        )


def _check_not_photos(photos: Sequence[TaggedPhoto], places: Sequence[Place]) -> None:
    originals = {os.path.realpath(one.path) for one in photos if not is_url(one.path)}
    for place in places:
        if place.copy is not None and os.path.realpath(place.copy) in originals:
            raise UsageError(
                f"the copy '{place.copy}' would replace a photo: choose another --copy-to"
            )


def _check_distinct(photos: Sequence[TaggedPhoto], places: Sequence[Place]) -> None:
    owners: dict[str, str] = {}
    for photo, place in zip(photos, places, strict=True):
        for path in filter(None, (place.copy, place.sidecar)):
            owner = owners.setdefault(str(path), photo.path)
            if owner != photo.path:
                raise UsageError(
                    f"'{owner}' and '{photo.path}' would both have '{path}': "
                    + _remedy(path, place)
                )


def _remedy(path: Path, place: Place) -> str:
    if path == place.sidecar:
        return "use --sidecar-name photo.jpg.xmp"
    return "name the folder that all photos are in with --image-root"
