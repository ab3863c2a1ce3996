"""Thumbnails inside the page, within a size budget."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.errors import ImageError
from ctc.evaluation.html.gallery_items import PhotoRef
from ctc.images import decode, encode_jpeg, read_photo, shrink
from ctc.images.decode import Pixels
from ctc.images.eval_samples import read_events, record_table
from ctc.storage.paths import join_path

SMALLEST_SIDE = 144
QUALITY = 70
TYPICAL_CHARACTERS = 8_000
"""Approximate size of a thumbnail in the page."""
MEGABYTE = 1_000_000

Thumbnails = dict[PhotoRef, str]
ThumbnailSource = Callable[[Sequence[PhotoRef]], Iterator[tuple[PhotoRef, bytes]]]
"""Yields the bytes of those photos that can be read, in any order."""


def thumbnails_from_files(root: Path | None = None) -> ThumbnailSource:
    """Return a source that reads photo files; relative paths start at `root`.

    The id of an event without a path may be the path of its photo.
    """

    def read(photos: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes]]:
        for photo in photos:
            path = photo.path or photo.event_id
            try:
                yield photo, read_photo(join_path(root, path) if root else path)
            except ImageError:
                continue  # the page counts the photos that are not shown

    return read


def thumbnails_from_dataset(dataset: Dataset, split: str) -> ThumbnailSource:
    """Return a source that reads the photos of a dataset's split."""

    def read(photos: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes]]:
        remaining = set(photos)
        events = {photo.event_id for photo in photos}
        for _, event in read_events(dataset, split, record_table(dataset, split), lambda _: None):
            if event.event_id not in events:
                continue
            for path, jpeg in zip(event.paths, event.jpegs, strict=True):
                photo = PhotoRef(event.event_id, path)
                if photo in remaining:
                    remaining.remove(photo)
                    yield photo, jpeg
            if not remaining:
                return

    return read


def make_thumbnails(
    photos: Iterable[PhotoRef], source: ThumbnailSource, megabytes: float
) -> Thumbnails:
    """Make thumbnails as data URIs, together at most `megabytes` in the page.

    The most important photos come first in `photos`; a photo counts each time it occurs.
    """
    budget = int(megabytes * MEGABYTE)
    uses = Counter(photos)
    total_uses = accumulate(uses.values())
    chosen = [
        photo
        for photo, total in zip(uses, total_uses, strict=True)
        if total <= budget // TYPICAL_CHARACTERS
    ]
    thumbnails: Thumbnails = {}
    for photo, data in source(chosen):
        uri = _thumbnail(data)
        if uri and len(uri) * uses[photo] <= budget:
            budget -= len(uri) * uses[photo]
            thumbnails[photo] = uri
    return thumbnails


def data_uri(pixels: Pixels) -> str:
    """Return a JPEG of the image (height, width, 3) as data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(pixels, QUALITY)).decode()


def _thumbnail(data: bytes) -> str | None:
    try:
        return data_uri(shrink(decode(data, (SMALLEST_SIDE, SMALLEST_SIDE)), SMALLEST_SIDE))
    except ImageError:
        return None
