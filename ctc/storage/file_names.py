"""Names of files that are valid on every system, and that no two files share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from ctc.storage.paths import absolute_path, relative_path

MAX_BYTES = 200
"""Length of a name; file systems allow 255 bytes, and a number may be appended."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL
)


class FolderNames:
    """The folder of each name, unique also on systems that ignore case.

    `names` get theirs first, in their order. No folder is called as one of `taken`, in lower case.
    """

    def __init__(self, names: Iterable[str], taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._folders: dict[str, str] = {}
        for name in names:
            self.folder(name)

    def folder(self, name: str) -> str:
        """Return the folder of `name`."""
        if name not in self._folders:
            wanted = safe_name(name)
            choices = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
            found = next(choice for choice in choices if choice.casefold() not in self._taken)
            self._folders[name] = found
            self._taken.add(found.casefold())
        return self._folders[name]


def flat_name(photo: str, root: Path) -> str:
    """Return the path of a photo below `root` as one name: `north/1.jpg` is `north__1.jpg`.

    Of a photo elsewhere it is the whole path.
    """
    origin = relative_path(photo, root) or absolute_path(photo).lstrip("/")
    return origin.replace("/", "__")


def safe_name(text: str) -> str:
    """Return a valid file name on every system, at most MAX_BYTES long.

    A longer text keeps its end. Two texts may get the same name.
    """
    name = _FORBIDDEN.sub("_", text).rstrip(". ").lstrip()
    while len(os.fsencode(name)) > MAX_BYTES:
        name = name[1:]
    return f"_{name}" if not name or name.startswith(".") or _RESERVED.fullmatch(name) else name


def with_number(name: str, number: int) -> str:
    """Return "a.jpg", "a-2.jpg", "a-3.jpg", … for "a.jpg" and the numbers 1, 2, 3, …"""
    stem, suffix = os.path.splitext(name)
    return name if number == 1 else f"{stem}-{number}{suffix}"
