"""Class folders: `root/<class>/<photo>`; the only label is `class`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from ctc.errors import InputError, UsageError
from ctc.images import is_image_name
from ctc.plugin import InputFormat, LeftOut, Observation, hookimpl


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="folders",
            summary="one folder per class: PHOTOS_DIR/<class>/<photo>; the label is called 'class'",
            source="PHOTOS_DIR",
            recognizes=Path.is_dir,
            read=read,
            default_image_root=lambda source: source,
            example="ctc inventory folders photos --output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """One event per photo. Its id is `<class>#<name without extension>`; with the extension where two would be the same."""
    if not source.is_dir():
        raise UsageError(f"'{source}' is not a folder: name the folder that holds one folder per class")
    photos = sorted(_photos(source))
    if not photos:
        raise InputError(f"'{source}' holds no photos: expected folders named after classes with photos in them")
    ids = Counter(_event_id(photo, keep_suffix=False) for photo in photos)
    for photo in photos:
        if "/" not in photo:
            yield LeftOut(photo, "not in a class folder")
            continue
        clash = ids[_event_id(photo, keep_suffix=False)] > 1
        yield Observation(_event_id(photo, clash), (photo,), {"class": photo.split("/", 1)[0]})


def _photos(root: Path) -> Iterator[str]:
    """Photos below `root` as relative paths with forward slashes; an unreadable folder is an error."""
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if is_image_name(name):
                yield Path(folder, name).relative_to(root).as_posix()


def _unreadable(error: OSError) -> NoReturn:
    raise InputError(f"folder '{error.filename}' can't be read: {(error.strerror or str(error)).lower()}") from None


def _event_id(photo: str, keep_suffix: bool) -> str:
    path = PurePosixPath(photo)
    name = path if keep_suffix else path.with_suffix("")
    return "#".join(name.as_posix().split("/", 1))
