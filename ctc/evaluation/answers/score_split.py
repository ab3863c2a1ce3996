"""Predictions of a model for a dataset's split, on the same pixels as in `ctc predict`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.artifacts.model_file import ModelInfo
from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.collector import PredictionCollector
from ctc.evaluation.answers.event_facts import EventFacts, parse_event_facts
from ctc.evaluation.answers.ground_truth import encode_truth
from ctc.evaluation.answers.label_names import match_labels
from ctc.evaluation.answers.multi_label_truth import encode_multi_hot
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.answers.split_images import SplitImage, read_split_images
from ctc.evaluation.config import BATCH_SIZE, ScoringConfig
from ctc.images.decode import Pixels
from ctc.reporting import counted
from ctc.storage.ordered_map import map_in_order

BatchProbabilities = Mapping[str, NDArray[np.float32]]
"""Probabilities by label, each (N, classes)."""

PredictFn = Callable[[Pixels], BatchProbabilities]
"""Predicts a batch of images uint8 (N, height, width, 3); several threads may call it at once."""

MAX_INFRARED_SPREAD = 4.0
"""Largest standard deviation between the colour channels of an infrared photo, of 255 levels."""


@dataclass(frozen=True)
class ScoredSplit:
    """Predictions of a split with their ground truth.

    `failures` says where records or photos could not be used, and why. `notes` describe what is
    not counted.
    """

    data: EvaluationData
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def score_split(
    predict: PredictFn,
    info: ModelInfo,
    dataset: Dataset,
    split: str,
    config: ScoringConfig,
    on_progress: Callable[[int], None],
) -> ScoredSplit:
    """Predict every photo of a split, or every event if the model stacks an event's photos.

    `on_progress` gets the number of inputs that were predicted. Raises CtcError for an unknown
    split, a split without a usable photo, and a model that shares no label with the dataset.
    """
    labels = _shared_labels(info, dataset, config.truth_labels)
    failures: list[str] = []
    runtime = config.runtime
    images = read_split_images(
        dataset,
        split,
        info.preprocessing,
        runtime.threads,
        lambda error: failures.append(str(error)),
    )
    events = _EventCollector(info, config.location)
    size = runtime.batch_size or BATCH_SIZE
    for batch, probabilities in _predict_batches(predict, images, size, runtime.threads):
        events.add_batch(batch, probabilities)
        on_progress(len(batch))
    if not events.records:
        raise InputError(f"split '{split}' of '{dataset.display_path}' has no usable photo")
    data = events.collector.to_evaluation_data(
        aggregator_factory(config.aggregation, config.aggregation_options)(info.multi_label)
    )
    data = _add_truth(data, events.records, labels, info)
    return ScoredSplit(data, tuple(failures), _observation_notes(events.records, labels, info))


def is_infrared(pixels: Pixels) -> bool:
    """Return whether an image (height, width, 3) is grey or has one tint, as in infrared light."""
    red, green, blue = np.moveaxis(pixels.astype(np.int16), 2, 0)
    return bool(
        np.std(red - green) < MAX_INFRARED_SPREAD and np.std(blue - green) < MAX_INFRARED_SPREAD
    )


class _EventSummary(NamedTuple):
    """The number of photos of an event record, and its class numbers by label."""

    n_photos: int
    labels: Mapping[str, tuple[int, ...]]

    @property
    def n_observations(self) -> int:
        return max(map(len, self.labels.values()), default=0)


class _EventCollector:
    """The predictions of a split, and a summary of each event."""

    def __init__(self, info: ModelInfo, location: str) -> None:
        self.collector = PredictionCollector()
        self.records: list[_EventSummary] = []
        self._info, self._location = info, location

    def add_batch(self, batch: list[SplitImage], probabilities: BatchProbabilities) -> None:
        is_per_event = self._info.preprocessing.is_stacked
        unit = self.collector.events if is_per_event else self.collector.photos
        for row, image in enumerate(batch):
            event = image.selection.event
            number = self.collector.add_event(event.event_id, self._facts(event, image.pixels))
            if number == len(self.records):
                self.records.append(_EventSummary(len(event.jpegs), event.labels))
            for label, classes in self._info.labels.items():
                unit.add(number, image.path, label, classes, probabilities[label][row])

    def _facts(self, event: EventRecord, pixels: Pixels) -> EventFacts:
        facts = parse_event_facts(event.meta, self._location)
        is_known = facts.light != MISSING
        return facts if is_known else facts._replace(is_infrared=is_infrared(pixels))


def _shared_labels(
    info: ModelInfo, dataset: Dataset, truth_labels: Mapping[str, str]
) -> Mapping[str, Label]:
    """Return the label of the dataset for each label of the model that has one."""
    known = {label.name: label for label in dataset.manifest.labels}
    names = match_labels(info.labels, known, truth_labels, "the model", f"'{dataset.display_path}'")
    return {label: known[name] for label, name in names.items()}


def _predict_batches(
    predict: PredictFn, images: Iterator[SplitImage], batch_size: int, threads: int
) -> Iterator[tuple[list[SplitImage], BatchProbabilities]]:
    """Yield batches with their predictions, in order."""

    def predict_batch(batch: list[SplitImage]) -> tuple[list[SplitImage], BatchProbabilities]:
        return batch, predict(np.stack([image.pixels for image in batch]))

    batches = iter(lambda: list(islice(images, batch_size)), [])
    with ThreadPoolExecutor(threads, "ctc-evaluate") as pool:
        yield from map_in_order(pool, predict_batch, batches, threads + 1)


def _add_truth(
    data: EvaluationData,
    records: Sequence[_EventSummary],
    labels: Mapping[str, Label],
    info: ModelInfo,
) -> EvaluationData:
    single = {
        label: encode_truth(_first_classes(records, known), info.labels[label])
        for label, known in labels.items()
        if label not in info.multi_label
    }
    multi_label = {
        label: encode_multi_hot(_all_classes(records, known), info.labels[label])
        for label, known in labels.items()
        if label in info.multi_label
    }
    encoded = single | multi_label
    return replace(
        data,
        truth={label: numbers for label, (numbers, _) in single.items()},
        multi_label={label: rows for label, (rows, _) in multi_label.items()},
        foreign={label: foreign for label, (_, foreign) in encoded.items() if foreign},
        photos_in_event=np.array([record.n_photos for record in records], np.int32),
    )


def _first_classes(records: Sequence[_EventSummary], label: Label) -> list[str | None]:
    """Return the class of each event's first observation, by name.

    Names, since the dataset may have other classes than the model, or in another order.
    """
    numbers = [next(iter(record.labels.get(label.name, ())), MISSING) for record in records]
    return [None if number == MISSING else label.classes[number] for number in numbers]


def _all_classes(records: Sequence[_EventSummary], label: Label) -> list[set[str]]:
    """Return the classes of all observations of each event, by name."""
    return [
        {label.classes[n] for n in record.labels.get(label.name, ()) if n != MISSING}
        for record in records
    ]


def _observation_notes(
    records: Sequence[_EventSummary], labels: Collection[str], info: ModelInfo
) -> tuple[str, ...]:
    several = sum(record.n_observations > 1 for record in records)
    single = [label for label in labels if label not in info.multi_label]
    if not several or not single:
        return ()
    where = f" for {', '.join(single)}" if len(single) < len(labels) else ""
    have = counted(several, "event has", "events have")
    return (f"{have} several observations: the first one counts{where}",)
