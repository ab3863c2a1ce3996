"""Names of clips, and paths of their frames: `clip.mp4#t=3.2`, as in W3C's Media Fragments."""

from __future__ import annotations

import math
import os
import re
from typing import NamedTuple

CLIP_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mts", ".m2ts"})
_SUFFIXES = tuple(CLIP_SUFFIXES)
DIGITS = 3
"""Decimals of a frame's time."""
TOLERANCE = 0.0005
"""Seconds, half of the last decimal."""
_FRAME = re.compile(r"(?P<clip>.+)#t=(?P<seconds>\d+(?:\.\d+)?)", re.DOTALL)


class FramePath(NamedTuple):
    """The path of a clip, and a time in seconds after its first frame."""

    clip: str
    seconds: float


def is_clip_name(name: str) -> bool:
    """Return whether a file name is that of a clip: a known suffix in any case, not hidden."""
    return os.path.splitext(name)[1].lower() in CLIP_SUFFIXES and not name.startswith(".")


def is_clip_path(path: str) -> bool:
    """Return whether a path or URL is that of a whole clip."""
    if "?" in path:  # what follows may hold a '/'
        path = path.partition("?")[0]
    if not path.lower().endswith(_SUFFIXES):
        return False
    return is_clip_name(path.replace("\\", "/").rpartition("/")[2])


def frame_path(clip: str, seconds: float) -> str:
    """Return the path of the first frame at or after that time: 'clip.mp4#t=3.2'."""
    text = f"{seconds:.{DIGITS}f}".rstrip("0").rstrip(".")
    return f"{clip}#t={text}"


def split_frame_path(path: str) -> FramePath | None:
    """Return the clip and the time of a frame's path; None for another path."""
    found = _FRAME.fullmatch(path) if "#t=" in path else None
    return FramePath(found["clip"], float(found["seconds"])) if found else None


def frame_number(seconds: float, rate: float) -> int:
    """Return the number, from 0, of the first frame at or after a time, at a constant rate."""
    return max(0, math.ceil((seconds - TOLERANCE) * rate - 1e-9))


def file_of(path: str) -> str:
    """Return the file that a photo or frame is in: the path itself, or that of the clip."""
    found = split_frame_path(path)
    return found.clip if found else path
