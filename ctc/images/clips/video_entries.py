"""Frames in MegaDetector's format: one entry per video, with the frames that were looked at.

Format: https://lila.science/megadetector-output-format (`frame_rate`, `frames_processed` and, per
detection, `frame_number`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ctc.errors import ImageError, InputError
from ctc.images.clips.files import clip_info
from ctc.images.clips.names import file_of, frame_number, split_frame_path

Entry = dict[str, Any]
_RATE_DIGITS = 5


def unite_frames(events: Iterable[Iterable[tuple[str, Entry]]]) -> Iterator[Entry]:
    """Yield the entries of photos as they are, and one for all frames of a clip.

    `events`: the photos of each event, or one that failed, each as its path and its entry. The
    frames of a clip are those of one event, or of events that follow each other. Numbers of frames
    follow from times and frame rate. Frames that failed are not among those processed. Raises
    InputError for a clip that is gone.
    """
    waiting: dict[str | int, list[tuple[str, Entry]]] = {}
    for event in events:
        photos = list(event)
        clips = {clip for path, _ in photos if (clip := _clip_of(path))}
        has_failed = all(entry["detections"] is None for _, entry in photos)
        if clips.isdisjoint(waiting) and not (clips and has_failed):
            yield from _entries(waiting)
            waiting = {}
        for path, entry in photos:
            waiting.setdefault(_clip_of(path) or len(waiting), []).append((path, entry))
    yield from _entries(waiting)


def _entries(waiting: dict[str | int, list[tuple[str, Entry]]]) -> Iterator[Entry]:
    for clip, frames in waiting.items():
        yield _video(clip, frames) if isinstance(clip, str) else frames[0][1]


def _clip_of(path: str) -> str | None:
    """Return the path of the clip that the path of a frame names, None for a photo."""
    return file_of(path) if split_frame_path(path) else None


def _video(clip: str, frames: list[tuple[str, Entry]]) -> Entry:
    done = [(path, entry) for path, entry in frames if entry["detections"] is not None]
    if not done:
        first = frames[0][1]
        return {**first, "file": file_of(first["file"])}
    try:
        rate = clip_info(clip).rate
    except ImageError as error:
        raise InputError(
            f"the frame rate of '{clip}' can't be read any more: {error}; put it back and run the "
            "same command again"
        ) from None
    numbered = sorted(
        ((_number(path, rate), entry) for path, entry in done), key=lambda pair: pair[0]
    )
    first = numbered[0][1]
    return {
        **first,
        "file": file_of(first["file"]),
        "frame_rate": int(rate) if rate == int(rate) else round(rate, _RATE_DIGITS),
        "frames_processed": list(dict.fromkeys(number for number, _ in numbered)),
        "detections": [
            {**found, "frame_number": number}
            for number, entry in numbered
            for found in entry["detections"]
        ],
    }


def _number(path: str, rate: float) -> int:
    frame = split_frame_path(path)
    assert frame is not None
    return frame_number(frame.seconds, rate)
