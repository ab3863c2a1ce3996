"""Class folders: `root/<class>/<photo>`; the only label is `class`.

`--unlabelled` takes folders of cameras instead, whose photos have no class yet.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ctc.errors import UsageError
from ctc.images.listing.folders import FolderPhotos, find_photos
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.paths import is_remote

log = logging.getLogger("ctc.formats.folders")
MAX_SHOWN = 3
NOT_IN_CLASS_FOLDER = "not in a folder named after its class, as in fox/1.jpg"


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="folders",
            summary="one folder per class: PHOTOS_DIR/<class>/<photo>; the label is called 'class'",
            source="PHOTOS_DIR",
            recognizes=_recognizes,
            read=read,
            default_image_root=lambda source, _: source,
            options=(
                Option(
                    "unlabelled",
                    "The folders are those of cameras, not of classes: photos have no class.",
                    type="flag",
                ),
            ),
            example="ctc inventory folders photos --output inventory.parquet",
            is_general=True,
        )
    ]


def _recognizes(path: Path) -> bool:
    """Recognize any folder that is not a Camtrap DP package."""
    return path.is_dir() and not (path / "datapackage.json").is_file()


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield one event per photo, and one per clip.

    Its id is `<class>#<name without extension>`, with the extension where two ids would be the
    same. With the option `unlabelled`, the class is missing, and photos may be in the source
    itself.
    """
    if not source.is_dir():
        raise UsageError(
            f"'{source}' is not a folder: give the folder that holds one folder per class"
        )
    found = find_photos(source, clips=True)
    yield from (
        LeftOut(folder, f"the folder can't be read: {why}") for folder, why in found.unreadable
    )
    photos = sorted(_photos(source, found))
    unlabelled = bool(options.get("unlabelled"))
    if not unlabelled and (note := _note_on_a_folder_above_the_classes(source, photos)):
        log.warning("%s", note)
    ids = Counter(_event_id(photo, keep_suffix=False) for photo in photos)
    for photo in photos:
        if "/" not in photo and not unlabelled:
            yield LeftOut(photo, NOT_IN_CLASS_FOLDER)
            continue
        clash = ids[_event_id(photo, keep_suffix=False)] > 1
        folder = photo.split("/", 1)[0]
        name = None if unlabelled else folder.strip() or folder
        yield Observation(_event_id(photo, clash), (photo,), {"class": name})


def _note_on_a_folder_above_the_classes(source: Path, photos: list[str]) -> str | None:
    """Return a warning if one folder holds all others, which may be the folders of the classes."""
    parts = [PurePosixPath(photo).parts for photo in photos]
    tops = {names[0] for names in parts if len(names) > 1}
    below = sorted({names[1] for names in parts if len(names) > 2})
    if len(tops) != 1 or len(below) < 2 or any(len(names) == 2 for names in parts):
        return None
    (top,) = tops
    shown = ", ".join(f"'{name}'" for name in below[:MAX_SHOWN])
    more = ", …" if len(below) > MAX_SHOWN else ""
    return (
        f"the only class is '{top}', the folder that holds all others: if its folders "
        f"{shown}{more} are the classes, give '{source / top}'"
    )


def _photos(root: Path, found: Iterable[FolderPhotos]) -> Iterator[str]:
    """Yield the photos found below `root` as relative paths with forward slashes."""
    separator = "/" if is_remote(root) else os.sep
    start = str(root).rstrip(separator) + separator
    for photos in found:
        for photo in photos:
            yield photo.removeprefix(start).replace(separator, "/")


def _event_id(photo: str, keep_suffix: bool) -> str:
    path = PurePosixPath(photo)
    name = path if keep_suffix else path.with_suffix("")
    return "#".join(name.as_posix().split("/", 1))
