"""Put the frames of clips in their place in the observations of a source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.images.clips.chooser import FrameChooser
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.clips.names import is_clip_path
from ctc.plugin.records import LeftOut, Observation
from ctc.storage.paths import join_path

log = logging.getLogger(__name__)


def with_frames(
    entries: Iterable[Observation | LeftOut], root: Path, choice: FrameChoice
) -> Iterator[Observation | LeftOut]:
    """Yield the entries with the chosen frames of each clip in its place.

    A clip without a frame that can be decoded is left out. Logs which clips are cut off.
    """
    chooser = FrameChooser(choice)
    for entry in entries:
        if isinstance(entry, LeftOut) or not any(map(is_clip_path, entry.images)):
            yield entry
        else:
            yield from _expand(entry, root, chooser)
    for note in chooser.notes():
        log.warning("%s", note)


def _expand(
    entry: Observation, root: Path, chooser: FrameChooser
) -> Iterator[Observation | LeftOut]:
    frames: list[tuple[str, int]] = []
    for at, path in enumerate(entry.images):
        clip = join_path(root, path)
        found = chooser.expand(clip)
        if clip in chooser.unreadable:
            yield LeftOut(path, f"the clip can't be used: {chooser.unreadable[clip]}")
        else:
            frames += [(path + frame.removeprefix(clip), at) for frame in found]
    if frames:
        yield _with_images(entry, frames)


def _with_images(entry: Observation, frames: list[tuple[str, int]]) -> Observation:
    """Return the observation with other images; each comes with its place in the given ones."""
    places = [at for _, at in frames]
    meta: dict[str, Any] = {
        name: tuple(value[at] for at in places) if isinstance(value, tuple) else value
        for name, value in entry.meta.items()
    }
    boxes = tuple(entry.boxes[at] for at in places) if entry.boxes else ()
    return replace(entry, images=tuple(path for path, _ in frames), meta=meta, boxes=boxes)
