"""Media of an event, the rows of the Camtrap DP table media: photos and whole clips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctc.artifacts.cameras.clock_offsets import CLOCK_SHOWED, DATETIME_ORIGINAL
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.images import IMAGE_SUFFIXES
from ctc.images.clips.names import CLIP_SUFFIXES, file_of, is_clip_path, split_frame_path
from ctc.images.metadata.time_zone import parse_time
from ctc.storage.paths import is_url, relative_path

from ..photo_fields import DATETIME, file_time
from .deployments import format_datetime, meta_text

CamtrapDpRow = dict[str, object]

_FILE_PATH = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")  # the schema's pattern
_FORBIDDEN_CHARACTERS = re.compile("[\r\n\ud800-\udfff]")
_CAPTURE_METHODS = ("activityDetection", "timeLapse")
_VIDEO_TYPES = {
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".3gp": "video/3gpp",
    **dict.fromkeys((".mts", ".m2ts"), "video/mp2t"),
}
_MEDIA_TYPES = {".jpg": "image/jpeg", ".tif": "image/tiff"}


@dataclass(frozen=True)
class Medium:
    """A photo or a clip of an event; `number`: from 1.

    `time`: of a clip, that of its start. `shown`: what the camera's clock showed, if that was
    corrected.
    """

    number: int
    file: str
    time: datetime | None
    shown: datetime | None = None

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip."""
        return is_clip_path(self.file)


def event_media(event: EventPrediction, moments: Sequence[datetime | None]) -> list[Medium]:
    """Return the media of an event; `moments` are the times of its photos and frames."""
    found: dict[int, Medium] = {}
    for number, photo, moment in zip(media_numbers(event), event.images, moments, strict=True):
        if number not in found:
            file = file_of(photo.path)
            time = file_time(photo, moment)
            found[number] = Medium(number, file, time, _shown(event, photo, time))
    return list(found.values())


def _shown(
    event: EventPrediction, photo: ImagePrediction, time: datetime | None
) -> datetime | None:
    """Return what the camera's clock showed at a time, None if it is that time."""
    is_own = photo.taken is not None and DATETIME_ORIGINAL in photo.meta
    right = parse_time(photo.taken if is_own else event.meta.get(DATETIME))
    shown = parse_time((photo if is_own else event).meta.get(DATETIME_ORIGINAL))
    if time is None or right is None or shown is None:
        return None
    shift = shown.replace(tzinfo=None) - right.replace(tzinfo=None)
    return time.replace(tzinfo=None) + shift if shift else None


def media_numbers(event: EventPrediction) -> list[int]:
    """Return the number of each photo's file among those of the event, from 1: frames share one."""
    of_clip: dict[str, int] = {}
    numbers: list[int] = []
    last = 0
    for photo in event.images:
        frame = split_frame_path(photo.path)
        number = of_clip.get(frame.clip, last + 1) if frame else last + 1
        last = max(last, number)
        if frame:
            of_clip[frame.clip] = number
        numbers.append(number)
    return numbers


def media_row(medium: Medium, event: EventPrediction, root: Path) -> CamtrapDpRow:
    """Return the row without its ids; paths are relative to `root`."""
    trigger = meta_text(event, "trigger")
    return {
        "captureMethod": trigger if trigger in _CAPTURE_METHODS else "",
        "timestamp": format_datetime(medium.time),
        "filePath": _file_path(medium.file, root),
        "filePublic": "false",
        "fileName": Path(medium.file).name,
        "fileMediatype": _media_type(medium.file),
        "mediaComments": f"{CLOCK_SHOWED}{medium.shown:%Y-%m-%dT%H:%M:%S}" if medium.shown else "",
    }


def _file_path(path: str, root: Path) -> str:
    """Return the path relative to the root, else a URL.

    A URL is used for a photo that is not below the root, or whose name the standard forbids.
    """
    relative = relative_path(path, root)
    if (
        relative is not None
        and _FILE_PATH.fullmatch(relative)
        and not _FORBIDDEN_CHARACTERS.search(relative)
    ):
        return relative
    url = path if is_url(path) else Path(path).absolute().as_uri()
    return url.replace("..", "%2E%2E")


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in CLIP_SUFFIXES:
        return _VIDEO_TYPES.get(suffix, "video/mp4")
    known = f"image/{suffix[1:]}" if suffix in IMAGE_SUFFIXES else "image/unknown"
    return _MEDIA_TYPES.get(suffix, known)
