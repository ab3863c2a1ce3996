"""Evaluation samples of a dataset: the reference input path of loaders, export and evaluation.

table = record_table(dataset, "val")                 # where each record is stored
events = read_events(dataset, "val", table)          # decoded records, in that order
photos = select_photos(events, preprocessing)        # the photos of each sample
samples = eval_samples(photos, preprocessing, …)     # one uint8 image each, with its labels
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord, multi_hot
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError, InputError
from ctc.images.decode import Pixels, decode
from ctc.images.resize import gray_stack, min_decode_size, to_model_input
from ctc.storage.ordered_map import map_in_order
from ctc.storage.tfrecord import read_index, read_record

BadRecordCallback = Callable[[InputError], None]
NumClasses = Mapping[str, int]
"""Label → number of classes."""

ItemT = TypeVar("ItemT")

NO_LABELS: NumClasses = {}


@dataclass(frozen=True, slots=True)
class PhotoSelection:
    """Photos of an event that make one sample; `source` says in messages where the record is."""

    event: EventRecord
    photos: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One input of the network with its labels.

    `image`: uint8 (height, width, 3). `labels`: the class number of the first observation, −1 =
    missing; for a multi-label label one value per class, 1 if an observation has it, else 0, or all
    −1 = missing.
    """

    event_id: str
    photos: tuple[int, ...]
    image: Pixels
    labels: Mapping[str, int | list[int]]


def sample_count(dataset: Dataset, split: str, preprocessing: Preprocessing) -> int:
    """Return the number of samples of a split.

    That is its photos for `image_choice="all"`, else its events.
    """
    shards = dataset.shards(split)
    return sum(
        shard.images if preprocessing.image_choice == "all" else shard.events for shard in shards
    )


def record_table(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Return (records, 3): shard number, offset, size with framing; in the order of the files."""
    parts = [np.empty((0, 3), np.int64)]
    for number, shard in enumerate(dataset.shards(split)):
        index = np.asarray(read_index(dataset.folder / shard.index_file), np.int64).reshape(-1, 2)
        parts.append(np.insert(index, 0, number, axis=1))
    return np.concatenate(parts)


def read_record_bytes(dataset: Dataset, split: str, row: Sequence[int]) -> bytes:
    """Return the data of the record in one row of the table.

    Raises InputError, which names the shard and the offset.
    """
    number, offset, size = (int(value) for value in row)
    path = dataset.folder / dataset.shards(split)[number].file
    try:
        with path.open("rb") as handle:
            return read_record(handle, path, offset, size)
    except FileNotFoundError:
        raise InputError(f"'{path}' is missing: build the dataset again") from None


def read_events(
    dataset: Dataset, split: str, table: NDArray[np.int64], on_bad: BadRecordCallback | None = None
) -> Iterator[tuple[str, EventRecord]]:
    """Yield (location of the record for messages, event) for each row of `table`.

    A bad record raises InputError; with `on_bad` it is left out, and `on_bad` gets the error.
    """
    shards = dataset.shards(split)
    for row in table:
        where = f"'{dataset.folder / shards[row[0]].file}' at offset {row[1]}"
        try:
            data = read_record_bytes(dataset, split, row)
            try:
                event = EventRecord.decode(data)
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        except InputError as error:
            _raise_or_report(error, on_bad)
        else:
            yield where, event


def select_photos(
    events: Iterable[tuple[str, EventRecord]], preprocessing: Preprocessing
) -> Iterator[PhotoSelection]:
    """Yield the samples of each event, before they are decoded.

    `image_choice` "all": one sample per photo; "grayscale_stacking": the first three photos as one
    sample; "first" and "random" (which applies to training): the first photo.
    """
    for where, event in events:
        count = len(event.jpegs)
        if preprocessing.image_choice == "all":
            yield from (PhotoSelection(event, (number,), where) for number in range(count))
        elif preprocessing.is_stacked:
            yield PhotoSelection(event, tuple(range(min(count, 3))), where)
        else:
            yield PhotoSelection(event, (0,), where)


def preprocess(
    selection: PhotoSelection,
    preprocessing: Preprocessing,
    labels: Sequence[str],
    multi_label: NumClasses = NO_LABELS,
) -> Sample:
    """Decode the photos of a selection and make them the network's input.

    `multi_label`: the labels for which all observations count. Raises InputError, which names the
    shard and the offset.
    """
    event = selection.event
    for label in labels:
        if not event.labels.get(label):
            raise InputError(f"{selection.source}: the record has no value for the label '{label}'")
    photos = []
    for number in selection.photos:
        try:
            pixels = decode(event.jpegs[number], min_decode_size(preprocessing))
        except ImageError as error:
            raise InputError(
                f"{selection.source}: photo {number} of event '{event.event_id}': {error}"
            ) from None
        photos.append(to_model_input(pixels, preprocessing))
    image = gray_stack(photos) if preprocessing.is_stacked else photos[0]
    observed = {label: event.labels[label] for label in labels}
    values = {
        label: multi_hot(numbers, multi_label[label]) if label in multi_label else numbers[0]
        for label, numbers in observed.items()
    }
    return Sample(event.event_id, selection.photos, image, values)


def eval_samples(
    selections: Iterable[PhotoSelection],
    preprocessing: Preprocessing,
    labels: Sequence[str],
    on_bad: BadRecordCallback | None = None,
    threads: int = 1,
    multi_label: NumClasses = NO_LABELS,
) -> Iterator[Sample]:
    """Yield the samples of `preprocess`, in order, made in a pool of `threads` threads.

    A bad photo raises InputError; with `on_bad` it is left out, and `on_bad` gets the error.
    """

    def make_sample(selection: PhotoSelection) -> list[Sample | InputError]:
        return [_sample_or_error(selection, preprocessing, labels, multi_label)]

    return _in_threads(make_sample, selections, on_bad, threads, 4 * threads)


def read_eval_samples(
    dataset: Dataset,
    split: str,
    table: NDArray[np.int64],
    preprocessing: Preprocessing,
    labels: Sequence[str],
    on_bad: BadRecordCallback | None = None,
    threads: int = 1,
    multi_label: NumClasses = NO_LABELS,
    ahead: int = 0,
) -> Iterator[Sample]:
    """Yield the samples of the records in `table`, in order; the threads read the records too.

    They work on up to `ahead` records, and on at least four each, before those are asked for.
    Bad records and photos as in `read_events` and `eval_samples`.
    """

    def make_samples(row: NDArray[np.int64]) -> list[Sample | InputError]:
        try:
            selections = list(select_photos(read_events(dataset, split, row[None]), preprocessing))
        except InputError as error:
            return [error]
        return [_sample_or_error(one, preprocessing, labels, multi_label) for one in selections]

    return _in_threads(make_samples, table, on_bad, threads, max(4 * threads, ahead))


def _sample_or_error(
    selection: PhotoSelection,
    preprocessing: Preprocessing,
    labels: Sequence[str],
    multi_label: NumClasses,
) -> Sample | InputError:
    try:
        return preprocess(selection, preprocessing, labels, multi_label)
    except InputError as error:
        return error


def _in_threads(
    make: Callable[[ItemT], list[Sample | InputError]],
    items: Iterable[ItemT],
    on_bad: BadRecordCallback | None,
    threads: int,
    max_pending: int,
) -> Iterator[Sample]:
    with (
        ThreadPoolExecutor(threads, "ctc-decode") as pool,
        closing(map_in_order(pool, make, items, max_pending)) as made,
    ):
        for result in chain.from_iterable(made):
            if isinstance(result, InputError):
                _raise_or_report(result, on_bad)
            else:
                yield result


def eval_batches(
    samples: Iterable[Sample], labels: Sequence[str], batch_size: int
) -> Iterator[tuple[Pixels, dict[str, NDArray[np.int32]]]]:
    """Yield (images, label → class numbers) of `batch_size` samples, fewer in the last batch.

    Images are uint8 (N, height, width, 3), class numbers int32 (N,), or (N, classes) if
    multi-label.
    """
    samples = iter(samples)
    while batch := list(islice(samples, batch_size)):
        images = np.stack([sample.image for sample in batch])
        yield (
            images,
            {
                label: np.array([sample.labels[label] for sample in batch], np.int32)
                for label in labels
            },
        )


def _raise_or_report(error: InputError, on_bad: BadRecordCallback | None) -> None:
    if on_bad is None:
        raise error from None
    on_bad(error)
