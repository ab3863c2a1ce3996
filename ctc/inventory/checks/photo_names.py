"""Find photos whose names on the disk differ from those in the source in case or spelling."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import NamedTuple

from ctc.artifacts.arrow_columns import combine_chunks, factorize, set_column, take
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.images import is_image_name
from ctc.reporting import counted
from ctc.storage.paths import is_remote

_SAME_SUFFIX = {".jpeg": ".jpg", ".tiff": ".tif"}


class _Folder(NamedTuple):
    """The names in a folder, and those that each key finds."""

    names: frozenset[str]
    by_key: dict[str, set[str]]


@dataclass
class PhotoNames:
    """The names of folders and photos below `root`; each folder is listed once."""

    root: Path
    _folders: dict[str, _Folder] = field(default_factory=dict)

    def find(self, photo: str) -> str | None:
        """Return the photo's path as it is on the disk, None if there is none or several.

        Upper and lower case, Unicode forms, `.jpeg` for `.jpg` and a suffix that is left out make
        no difference. Remote photos are not looked up.
        """
        if is_remote(self.root) or is_remote(photo):
            return None
        path = PurePath(photo)
        folder, found = path.anchor or str(self.root), [path.anchor] if path.anchor else []
        for name in path.parts[len(found) :]:
            actual = name if name == ".." else self._match(folder, name)
            if actual is None:
                return None
            folder = os.path.join(folder, actual)  # noqa: PTH118 (a million paths)
            found.append(actual)
        return PurePath(*found).as_posix()

    def _match(self, folder: str, name: str) -> str | None:
        if folder not in self._folders:
            self._folders[folder] = _list_folder(folder)
        listed = self._folders[folder]
        if name in listed.names:
            return name
        matches = listed.by_key.get(_key(name), set())
        return next(iter(matches)) if len(matches) == 1 else None


def rename_photos(inventory: Inventory) -> tuple[Inventory, tuple[str, ...]]:
    """Return the inventory with the names that its photos have on the disk, and notes.

    Photos that are not found keep their names.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = PhotoNames(inventory.image_root)
    images = inventory.table[IMAGES]
    paths, numbers = factorize(pc.list_flatten(images))
    known = paths.to_pylist()
    actual = [names.find(path) or path for path in known]
    renamed = sum(one != other for one, other in zip(known, actual, strict=True))
    if not renamed:
        return inventory, ()
    lists = combine_chunks(images)
    flat = combine_chunks(take(pa.chunked_array([pa.array(actual, pa.string())]), numbers))
    column = pa.LargeListArray.from_arrays(lists.offsets, flat).cast(images.type)
    table = set_column(inventory.table, IMAGES, pa.chunked_array([column]))
    note = f"{counted(renamed, 'photo')} found under another spelling of the name (--ignore-case)"
    return replace(inventory, table=table), (note,)


def _list_folder(folder: str) -> _Folder:
    try:
        names = frozenset(path.name for path in Path(folder).iterdir())
    except OSError:  # there is no such folder, so it has no names
        names = frozenset()
    by_key: dict[str, set[str]] = {}
    for name in names:
        stem = os.path.splitext(_fold(name))[0]
        keys = {_fold(name), _key(name), *([stem] if is_image_name(name) else [])}
        for key in keys:
            by_key.setdefault(key, set()).add(name)
    return _Folder(names, by_key)


def _key(name: str) -> str:
    stem, suffix = os.path.splitext(_fold(name))
    return stem + _SAME_SUFFIX.get(suffix, suffix)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
