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
from ctc.images.eval_samples import Pick, picks, read_events, record_table, reference_samples

Pixels = NDArray[np.uint8]


class Picture(NamedTuple):
    """`pick`: which photos of which event it is made of; `pixels`: uint8 (height, width, 3)."""

    pick: Pick
    pixels: Pixels

    @property
    def path(self) -> str:
        """Of its first photo."""
        return self.pick.event.paths[self.pick.photos[0]]


def split_pictures(
    dataset: Dataset,
    split: str,
    preprocessing: Preprocessing,
    threads: int,
    on_bad: Callable[[InputError], None],
    events: Collection[str] | None = None,
) -> Iterator[Picture]:
    """One picture per photo, or per event where the model takes an event's photos together, in order; of these `events` only, if given.
    Records and photos that can't be used are handed to `on_bad`."""
    if not preprocessing.stacked:
        preprocessing = replace(preprocessing, image_choice="all")
    waiting: deque[Pick] = deque()

    def chosen() -> Iterator[Pick]:
        records = _once(read_events(dataset, split, record_table(dataset, split), on_bad))
        wanted = (one for one in records if events is None or one[1].event_id in events)
        for pick in picks(wanted, preprocessing):
            waiting.append(pick)
            yield pick

    for sample in reference_samples(chosen(), preprocessing, (), on_bad, threads):
        pick = waiting.popleft()
        while (pick.event.event_id, pick.photos) != (sample.event_id, sample.photos):
            pick = waiting.popleft()  # the photo of this one is bad
        yield Picture(pick, sample.image)


def _once(records: Iterable[tuple[str, EventRecord]]) -> Iterator[tuple[str, EventRecord]]:
    """Up-sampled events are there several times."""
    seen: set[str] = set()
    for where, event in records:
        if event.event_id not in seen:
            seen.add(event.event_id)
            yield where, event
