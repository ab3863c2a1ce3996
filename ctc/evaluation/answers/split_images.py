"""The photos of a dataset's split as the pictures that a model sees in prediction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images.eval_samples import (
    PhotoSelection,
    eval_samples,
    read_events,
    record_table,
    select_photos,
)

Pixels = NDArray[np.uint8]


class SplitImage(NamedTuple):
    """`selection`: which photos of which event it is made of; `pixels`: uint8 (height, width,
    3)."""

    selection: PhotoSelection
    pixels: Pixels

    @property
    def path(self) -> str:
        """Of its first photo."""
        return self.selection.event.paths[self.selection.photos[0]]


def read_split_images(
    dataset: Dataset,
    split: str,
    preprocessing: Preprocessing,
    threads: int,
    on_error: Callable[[InputError], None],
    event_ids: Collection[str] | None = None,
) -> Iterator[SplitImage]:
    """One picture per photo, or per event where the model takes an event's photos together, in
    order; of these `event_ids` only, if given. Records and photos that can't be used are handed to
    `on_error`."""
    if not preprocessing.is_stacked:
        preprocessing = replace(preprocessing, image_choice="all")
    waiting: deque[PhotoSelection] = deque()

    def chosen() -> Iterator[PhotoSelection]:
        records = _unique_events(
            read_events(dataset, split, record_table(dataset, split), on_error)
        )
        wanted = (one for one in records if event_ids is None or one[1].event_id in event_ids)
        for pick in select_photos(wanted, preprocessing):
            waiting.append(pick)
            yield pick

    for sample in eval_samples(chosen(), preprocessing, (), on_error, threads):
        pick = waiting.popleft()
        while (pick.event.event_id, pick.photos) != (sample.event_id, sample.photos):
            pick = waiting.popleft()  # the photo of this one is bad
        yield SplitImage(pick, sample.image)


def _unique_events(records: Iterable[tuple[str, EventRecord]]) -> Iterator[tuple[str, EventRecord]]:
    """Up-sampled events are there several times."""
    seen: set[str] = set()
    for where, event in records:
        if event.event_id not in seen:
            seen.add(event.event_id)
            yield where, event
