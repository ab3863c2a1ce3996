"""Small pictures inside the page, no more of them than it may weigh."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.errors import ImageError
from ctc.evaluation.answers.split_images import Pixels
from ctc.evaluation.html.gallery_items import PhotoRef
from ctc.images import decode, encode_jpeg, read_photo, shrink
from ctc.images.eval_samples import read_events, record_table
from ctc.storage.paths import join_path

SMALLEST_SIDE = 144
QUALITY = 70
TYPICAL_CHARACTERS = 8_000
"""Characters that a thumbnail takes in the page, about."""
MEGABYTE = 1_000_000

Thumbnails = dict[PhotoRef, str]
ThumbnailSource = Callable[[Sequence[PhotoRef]], Iterator[tuple[PhotoRef, bytes]]]
"""The bytes of those of the photos that can be read, in whatever order."""


def thumbnails_from_files(root: Path | None = None) -> ThumbnailSource:
    """Photos from where their paths say, relative ones from `root`; an event without a path may be
    named after its photo."""

    def read(wanted: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes]]:
        for photo in wanted:
            named = photo.path or photo.event_id
            try:
                yield photo, read_photo(join_path(root, named) if root else named)
            except ImageError:
                continue  # the page says that this photo could not be shown

    return read


def thumbnails_from_dataset(dataset: Dataset, split: str) -> ThumbnailSource:
    """Photos from the records of a split."""

    def read(wanted: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, bytes]]:
        left = set(wanted)
        events = {photo.event_id for photo in wanted}
        for _, event in read_events(dataset, split, record_table(dataset, split), lambda _: None):
            if event.event_id not in events:
                continue
            for path, jpeg in zip(event.paths, event.jpegs, strict=True):
                photo = PhotoRef(event.event_id, path)
                if photo in left:
                    left.remove(photo)
                    yield photo, jpeg
            if not left:
                return

    return read


def make_thumbnails(
    photos: Iterable[PhotoRef], source: ThumbnailSource, megabytes: float
) -> Thumbnails:
    """Data URIs of JPEGs for the photos, most important first in `photos`, where a photo counts
    each time it occurs: all of them together take at most so many megabytes in the page."""
    budget = int(megabytes * MEGABYTE)
    times = Counter(photos)
    uses = accumulate(times.values())
    chosen = [
        photo
        for photo, so_far in zip(times, uses, strict=True)
        if so_far <= budget // TYPICAL_CHARACTERS
    ]
    made: Thumbnails = {}
    for photo, data in source(chosen):
        uri = _thumbnail(data)
        if uri and len(uri) * times[photo] <= budget:
            budget -= len(uri) * times[photo]
            made[photo] = uri
    return made


def data_uri(pixels: Pixels) -> str:
    """Of a JPEG of the picture (height, width, 3)."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(pixels, QUALITY)).decode()


def _thumbnail(data: bytes) -> str | None:
    try:
        return data_uri(shrink(decode(data, (SMALLEST_SIDE, SMALLEST_SIDE)), SMALLEST_SIDE))
    except ImageError:
        return None
