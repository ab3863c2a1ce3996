"""The photos of a split as samples: features, event, labels and place of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import MISSING, multi_hot
from ctc.errors import InputError
from ctc.features.probe.config import ViewName
from ctc.features.probe.feature_cache import CHUNK_RECORDS, CachedRecord, Chunk, FeatureCache


@dataclass(frozen=True)
class Samples:
    """The photos of E events.

    `features`: by view float32 (P, size). `event` (P,): index of each photo's event. `event_ids`
    (E,). `truth`: by label, int32 (E,) class numbers, or (E, classes) if the label is multi-label:
    1 for each class that was observed, else 0; −1 = missing. `place` (E,): index of the event's
    location, −1 where it is unknown. `failures`: photos and records that could not be used.
    """

    features: Mapping[ViewName, NDArray[np.float32]]
    event: NDArray[np.int64]
    event_ids: tuple[str, ...]
    truth: Mapping[str, NDArray[np.int32]]
    place: NDArray[np.int64]
    failures: tuple[str, ...] = ()

    @property
    def group(self) -> NDArray[np.int64]:
        """(E,) the place of each event; an event whose place is unknown is one by itself."""
        unknown = self.place < 0
        numbers = self.place.copy()
        numbers[unknown] = numbers.max(initial=-1) + 1 + np.arange(unknown.sum())
        return numbers

    def known(self, label: str) -> NDArray[np.bool_]:
        """(E,) whether the label of the event is known."""
        truth = self.truth[label]
        return np.asarray((truth if truth.ndim == 1 else truth[:, 0]) != MISSING)

    def subset(self, events: NDArray[np.bool_]) -> Samples:
        """Return the samples of some events, bool (E,)."""
        photos = events[self.event]
        number = np.cumsum(events) - 1
        return Samples(
            {view: values[photos] for view, values in self.features.items()},
            number[self.event[photos]],
            tuple(np.array(self.event_ids, object)[events]),
            {label: values[events] for label, values in self.truth.items()},
            self.place[events],
        )


def read_samples(
    cache: FeatureCache,
    dataset: Dataset,
    split: str,
    views: Sequence[ViewName],
    labels: Sequence[Label],
    multi_label: Sequence[str],
    location: str,
    repeated: bool,
    limit: int | None = None,
) -> Samples:
    """Return all photos of a split, whose features are in the cache.

    `repeated`: whether events that the dataset repeats (`--up-sample`) count as often. `limit`: as
    for `compute_features`. Raises
    InputError if no photo of the split can be used, or if the cache lost a file.
    """
    records: list[CachedRecord] = []
    failures: list[str] = []
    parts: dict[ViewName, list[NDArray[np.float32]]] = {view: [] for view in views}
    records_of_split = min(dataset.event_count(split), limit or dataset.event_count(split))
    for start in range(0, records_of_split, CHUNK_RECORDS):
        chunks = {view: _read_chunk(cache, split, start, view) for view in views}
        first = chunks[views[0]].records
        records += first.records
        failures += first.failures
        for view, chunk in chunks.items():
            parts[view].append(chunk.features)
    if not records:
        raise InputError(f"split '{split}' of '{dataset.display_path}' has no usable photo")
    features = {view: np.concatenate(values) for view, values in parts.items()}
    photos = np.array([record.photos for record in records])
    event = np.repeat(np.arange(len(records)), photos)
    samples = Samples(
        features,
        event,
        tuple(record.event_id for record in records),
        {label.name: _truth(records, label, label.name in multi_label) for label in labels},
        _places(records, location),
        tuple(failures),
    )
    return samples if repeated else _without_copies(samples)


def _read_chunk(cache: FeatureCache, split: str, start: int, view: ViewName) -> Chunk:
    chunk = cache.read(split, start, view)
    if chunk is None:
        raise InputError(
            f"features of the split '{split}' were removed from '{cache.folder}' meanwhile: "
            "run the command again"
        )
    return chunk


def _truth(records: Sequence[CachedRecord], label: Label, is_multi: bool) -> NDArray[np.int32]:
    """Return the classes of each event: that of its first observation, or of all of them."""
    observed = [record.labels.get(label.name) or (MISSING,) for record in records]
    if is_multi:
        return np.array([multi_hot(one, len(label.classes)) for one in observed], np.int32)
    return np.array([one[0] for one in observed], np.int32)


def _places(records: Sequence[CachedRecord], location: str) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    names = [record.meta.get(location) for record in records]
    return np.array(
        [
            -1 if name in (None, "") else numbers.setdefault(str(name), len(numbers))
            for name in names
        ]
    )


def _without_copies(samples: Samples) -> Samples:
    _, first = np.unique(np.array(samples.event_ids, object).astype(str), return_index=True)
    if len(first) == len(samples.event_ids):
        return samples
    keep = np.zeros(len(samples.event_ids), np.bool_)
    keep[first] = True
    kept = samples.subset(keep)
    return Samples(
        kept.features, kept.event, kept.event_ids, kept.truth, kept.place, samples.failures
    )
