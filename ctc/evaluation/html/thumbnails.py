"""Thumbnails inside the page, within a size budget."""

from __future__ import annotations

import base64
import errno
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import cv2

from ctc.artifacts.boxes import Box
from ctc.artifacts.dataset import Dataset
from ctc.errors import ImageError, reason
from ctc.evaluation.html.gallery_items import PhotoRef
from ctc.images import decode, encode_jpeg, read_photo, shrink
from ctc.images.decode import Pixels
from ctc.images.eval_samples import read_events, record_table
from ctc.images.files import is_image_name
from ctc.reporting import counted
from ctc.storage.paths import join_path

SMALLEST_SIDE = 144
QUALITY = 70
TYPICAL_CHARACTERS = 8_000
"""Approximate size of a thumbnail in the page."""
MEGABYTE = 1_000_000
MAX_REASONS = 5
OUTLINE, OUTLINE_EDGE = (255, 214, 0), (0, 0, 0)
"""Colours (RGB) of the line around a box, and of the line around that."""

NOT_FOUND = reason(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
NO_PATH = "the predictions name no photo"
TOO_MUCH = "left out to limit the size"
NOT_IN_DATASET = "not readable in the dataset"
"""Why a photo has no thumbnail; otherwise it is the reason why it can't be read."""

ThumbnailSource = Callable[[Sequence[PhotoRef]], Iterator[tuple[PhotoRef, bytes | ImageError]]]
"""Yields the bytes of each photo, or why it can't be read, in any order."""

BoxSource = Callable[[Collection[str]], Mapping[str, Sequence[Box]]]
"""Returns the boxes of photos, by path, which are drawn; photos without any may be missing."""


def no_boxes(photos: Collection[str]) -> Mapping[str, Sequence[Box]]:  # noqa: ARG001
    """Return no boxes: the `BoxSource` of predictions of whole photos."""
    return {}


@dataclass(frozen=True)
class Thumbnails:
    """Thumbnails as data URIs by photo, and why the others have none."""

    uris: Mapping[PhotoRef, str]
    missing: Mapping[PhotoRef, str]


def thumbnails_from_files(root: Path | None = None) -> ThumbnailSource:
    """Return a source that reads photo files; relative paths start at `root`.

    The id of an event without a path may be the path of its photo.
    """

    def read(photos: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes | ImageError]]:
        for photo in photos:
            path = photo.path or photo.event_id
            try:
                yield photo, read_photo(join_path(root, path) if root else path)
            except ImageError as error:
                is_photo = bool(photo.path) or is_image_name(photo.event_id)
                yield photo, error if is_photo else ImageError(NO_PATH)

    return read


def thumbnails_from_dataset(dataset: Dataset, split: str) -> ThumbnailSource:
    """Return a source that reads the photos of a dataset's split."""

    def read(photos: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes | ImageError]]:
        remaining = dict.fromkeys(photos)
        events = {photo.event_id for photo in photos}
        for _, event in read_events(dataset, split, record_table(dataset, split), lambda _: None):
            if event.event_id not in events:
                continue
            for path, jpeg in zip(event.paths, event.jpegs, strict=True):
                photo = PhotoRef(event.event_id, path)
                if photo in remaining:
                    del remaining[photo]
                    yield photo, jpeg
            if not remaining:
                return
        yield from ((photo, ImageError(NOT_IN_DATASET)) for photo in remaining)

    return read


def make_thumbnails(
    photos: Iterable[PhotoRef],
    source: ThumbnailSource,
    megabytes: float,
    boxes: BoxSource = no_boxes,
) -> Thumbnails:
    """Make thumbnails as data URIs, together at most `megabytes` in the page.

    The most important photos come first in `photos`; a photo counts each time it occurs. The
    photos' `boxes` are drawn.
    """
    budget = int(megabytes * MEGABYTE)
    uses = Counter(photos)
    total_uses = accumulate(uses.values())
    chosen = [
        photo
        for photo, total in zip(uses, total_uses, strict=True)
        if total <= budget // TYPICAL_CHARACTERS
    ]
    outlined = boxes({photo.path for photo in chosen})
    uris, missing = dict[PhotoRef, str](), dict.fromkeys(uses, TOO_MUCH)
    for photo, data in source(chosen):
        try:
            if isinstance(data, ImageError):
                raise data
            uri = _thumbnail(data, outlined.get(photo.path, ()))
        except ImageError as error:
            missing[photo] = str(error)
            continue
        if len(uri) * uses[photo] <= budget:
            budget -= len(uri) * uses[photo]
            uris[photo] = uri
            del missing[photo]
    return Thumbnails(uris, missing)


def describe_missing(thumbnails: Thumbnails) -> tuple[str, ...]:
    """Return a sentence per reason why photos are not shown, the most frequent first."""
    examples: dict[str, PhotoRef] = {}
    for photo, why in thumbnails.missing.items():
        examples.setdefault(why, photo)
    return tuple(
        _describe_reason(why, count, examples[why])
        for why, count in Counter(thumbnails.missing.values()).most_common(MAX_REASONS)
    )


def _describe_reason(why: str, count: int, example: PhotoRef) -> str:
    start = counted(count, "photo is", "photos are") + " not shown"
    if why == NO_PATH:
        return (
            f"{start}: the predictions name events, such as “{example.event_id}”, but not their"
            " photos. Files that “ctc predict” writes as JSON, or with --per-photo, name them."
        )
    if why == TOO_MUCH:
        return f"{start}, so that this file stays small; --thumbnails sets its size."
    path = example.path or example.event_id
    step = (
        " If they are elsewhere now, give their folder with --image-root."
        if why == NOT_FOUND
        else ""
    )
    return f"{start}: {why}, such as “{path}”.{step}"


def data_uri(pixels: Pixels) -> str:
    """Return a JPEG of the image (height, width, 3) as data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(pixels, QUALITY)).decode()


def draw_box(pixels: Pixels, box: Box) -> Pixels:
    """Return a copy of the image with a bright line around the box, and a dark one around that."""
    drawn = pixels.copy()
    height, width = pixels.shape[:2]
    left, right = box.x * width, (box.x + box.width) * width
    top, bottom = box.y * height, (box.y + box.height) * height
    for grown, color in ((3, OUTLINE_EDGE), (2, OUTLINE), (1, OUTLINE)):
        start, end = (
            (min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1))
            for x, y in ((left - grown, top - grown), (right + grown, bottom + grown))
        )
        cv2.rectangle(drawn, start, end, color, 1)
    return drawn


def _thumbnail(data: bytes, boxes: Sequence[Box]) -> str:
    pixels = shrink(decode(data, (SMALLEST_SIDE, SMALLEST_SIDE)), SMALLEST_SIDE)
    for box in boxes:
        pixels = draw_box(pixels, box)
    return data_uri(pixels)
