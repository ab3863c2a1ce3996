"""Events that share photos: in two splits they would test a model on what it was trained on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import Ints, factorize, take
from ctc.errors import InputError
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def first_sharing(images: pa.ChunkedArray) -> Ints:
    """Return for each event, (n,), the first event that shares a photo with it, directly or not.

    `images`: the list of photos of each event. An event that shares none is its own first.
    """
    import pyarrow.compute as pc

    first = np.arange(len(images))
    lengths = pc.fill_null(pc.list_value_length(images), 0).to_numpy()
    event = np.repeat(first, lengths)
    _, photo = factorize(pc.list_flatten(images))
    shared = np.bincount(photo[photo >= 0])[photo] > 1
    event, photo = event[shared], photo[shared]
    while True:
        of_photo = np.full(photo.max(initial=-1) + 1, len(images))
        np.minimum.at(of_photo, photo, first[event])
        joined = first.copy()
        np.minimum.at(joined, event, of_photo[photo])
        joined = joined[joined]
        if np.array_equal(joined, first):
            return first
        first = joined


def unite_sharing_events(
    shuffled: Ints, splits: Mapping[str, Ints], images: pa.ChunkedArray
) -> dict[str, Ints]:
    """Move events that share photos into the split of the first of them in `shuffled`.

    `splits`: per split its events; `images`: the photos of every event. The order within a split
    stays that of `shuffled`. Raises InputError if a split is empty then.
    """
    names = list(splits)
    split_of = np.empty(int(shuffled.max(initial=-1)) + 1, np.int64)
    for number, events in enumerate(splits.values()):
        split_of[events] = number
    before = split_of[shuffled]
    after = before[first_sharing(take(images, shuffled))]
    moved = int((before != after).sum())
    if not moved:
        return dict(splits)
    log.info(
        "%s moved to another split, that of an event with the same photos",
        counted(moved, "event was", "events were"),
    )
    united = {name: shuffled[after == number] for number, name in enumerate(names)}
    empty = [name for name, events in united.items() if not len(events)]
    if empty:
        raise InputError(
            f"the split '{empty[0]}' is empty, since events that share photos stay together: "
            "use fewer --split"
        )
    return united


def warn_of_shared_photos(splits: Mapping[str, Ints], images: pa.ChunkedArray) -> None:
    """Log how many events share photos with an event of another split, and stay there."""
    events = np.concatenate(list(splits.values()))
    split_of = np.repeat(np.arange(len(splits)), [len(part) for part in splits.values()])
    first = first_sharing(take(images, events))
    across = int((split_of != split_of[first]).sum())
    if across:
        log.warning(
            "%s photos with an event of another split, so a model would be tested on photos that "
            "it was trained on",
            counted(across, "event shares", "events share"),
        )
