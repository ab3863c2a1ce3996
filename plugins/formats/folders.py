"""Class folders: `root/<class>/<photo>`; the only label is `class`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ctc.errors import UsageError
from ctc.images.folders import FolderPhotos, find_photos
from ctc.plugin import InputFormat, LeftOut, Observation, hookimpl
from ctc.storage.paths import is_remote

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
            example="ctc inventory folders photos --output inventory.parquet",
        )
    ]


def _recognizes(path: Path) -> bool:
    """Recognize any folder that is not a Camtrap DP package."""
    return path.is_dir() and not (path / "datapackage.json").is_file()


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield one event per photo.

    Its id is `<class>#<name without extension>`, with the extension where two ids would be the
    same.
    """
    if not source.is_dir():
        raise UsageError(
            f"'{source}' is not a folder: give the folder that holds one folder per class"
        )
    found = find_photos(source)
    yield from (
        LeftOut(folder, f"the folder can't be read: {why}") for folder, why in found.unreadable
    )
    photos = sorted(_photos(source, found))
    ids = Counter(_event_id(photo, keep_suffix=False) for photo in photos)
    for photo in photos:
        if "/" not in photo:
            yield LeftOut(photo, NOT_IN_CLASS_FOLDER)
            continue
        clash = ids[_event_id(photo, keep_suffix=False)] > 1
        folder = photo.split("/", 1)[0]
        yield Observation(_event_id(photo, clash), (photo,), {"class": folder.strip() or folder})


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
