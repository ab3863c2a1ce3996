"""Names that every file system takes, whatever a class or a photo is called.

https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

from __future__ import annotations

import os
import re

LONGEST = 200
"""In bytes; file systems take 255, and a number may be added."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def safe_name(text: str) -> str:
    """Not empty, at most LONGEST bytes, of which the last are kept; two texts may get one name."""
    name = _FORBIDDEN.sub("_", text).rstrip(". ").lstrip()
    while len(os.fsencode(name)) > LONGEST:
        name = name[1:]
    return f"_{name}" if not name or name.startswith(".") or _RESERVED.fullmatch(name) else name


def numbered(name: str, number: int) -> str:
    """ "a.jpg" as "a.jpg", "a-2.jpg", "a-3.jpg", … for the numbers 1, 2, 3, …"""
    stem, suffix = os.path.splitext(name)
    return name if number == 1 else f"{stem}-{number}{suffix}"
