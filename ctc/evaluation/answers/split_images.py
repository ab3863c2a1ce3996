"""Model inputs from the photos of a dataset's split, preprocessed as in `ctc predict`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images.decode import Pixels
from ctc.images.eval_samples import (
    PhotoSelection,
    eval_samples,
    read_events,
    record_table,
    select_photos,
)


class SplitImage(NamedTuple):
    """A model input; `selection` names its event and photos.

    `pixels` are uint8 (height, width, 3).
    """

    selection: PhotoSelection
    pixels: Pixels

    @property
    def path(self) -> str:
        """Path of its first photo."""
        return self.selection.event.paths[self.selection.photos[0]]


def read_split_images(
    dataset: Dataset,
    split: str,
    preprocessing: Preprocessing,
    threads: int,
    on_error: Callable[[InputError], None],
    event_ids: Collection[str] | None = None,
) -> Iterator[SplitImage]:
    """Yield one input per photo, or per event if the model stacks an event's photos, in order.

    `event_ids` limits them to these events. Records and photos that can't be used go to `on_error`.
    """
    if not preprocessing.is_stacked:
        preprocessing = replace(preprocessing, image_choice="all")
    pending: deque[PhotoSelection] = deque()

    def selections() -> Iterator[PhotoSelection]:
        records = unique_events(read_events(dataset, split, record_table(dataset, split), on_error))
        wanted = (one for one in records if event_ids is None or one[1].event_id in event_ids)
        for selection in select_photos(wanted, preprocessing):
            pending.append(selection)
            yield selection

    for sample in eval_samples(selections(), preprocessing, (), on_error, threads):
        selection = pending.popleft()
        while (selection.event.event_id, selection.photos) != (sample.event_id, sample.photos):
            selection = pending.popleft()  # the photo of this one can't be used
        yield SplitImage(selection, sample.image)


def unique_events(records: Iterable[tuple[str, EventRecord]]) -> Iterator[tuple[str, EventRecord]]:
    """Yield each event once; upsampled events are repeated in the records."""
    seen: set[str] = set()
    for where, event in records:
        if event.event_id not in seen:
            seen.add(event.event_id)
            yield where, event
