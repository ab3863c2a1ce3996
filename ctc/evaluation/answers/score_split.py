"""A model's answers for the photos of a dataset's split, on the pixels that it would see in
prediction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.artifacts.model_file import ModelInfo
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.collector import Aggregator, PredictionCollector, value_counts
from ctc.evaluation.answers.event_facts import EventFacts, parse_event_facts
from ctc.evaluation.answers.ground_truth import encode_classes
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData, Int32Array
from ctc.evaluation.answers.split_images import Pixels, SplitImage, read_split_images
from ctc.evaluation.metrics.multi_label import encode_multi_hot

PredictFn = Callable[[Pixels], Mapping[str, NDArray[np.float32]]]
"""Per label the probabilities (N, classes) for a batch of pictures (N, height, width, 3); may be
called from several threads."""

MAX_INFRARED_SPREAD = 4.0
"""Largest spread between the colours of an infrared photo, in grey levels of 255."""


@dataclass(frozen=True)
class ScoringConfig:
    """`location`: the meta column that says where an event was. `batch_size` pictures at a time, in
    `threads` threads."""

    location: str
    batch_size: int = 16
    threads: int = 1


@dataclass(frozen=True)
class ScoredSplit:
    """`failures`: why records or photos could not be used, each with where it is. `notes`: what is
    not counted, in words."""

    data: EvaluationData
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def score_split(
    predict: PredictFn,
    info: ModelInfo,
    dataset: Dataset,
    split: str,
    aggregator: Aggregator,
    config: ScoringConfig,
    on_progress: Callable[[int], None],
) -> ScoredSplit:
    """Every photo of the split is answered on its own, unless the model takes an event's photos
    together; `on_progress` hears how many pictures are through.

    Raises CtcError for an unknown split, one without a usable photo, and when model and dataset
    share no label."""
    labels = [label.name for label in dataset.manifest.labels if label.name in info.labels]
    if not labels:
        known, wanted = (
            ", ".join(info.labels),
            ", ".join(label.name for label in dataset.manifest.labels),
        )
        raise UsageError(
            f"the model has the labels {known}, '{dataset.display_path}' {wanted}: none is in both"
        )
    failures: list[str] = []
    events = _EventCollector(
        PredictionCollector(), info, config.location, per_photo=not info.preprocessing.is_stacked
    )
    pictures = read_split_images(
        dataset,
        split,
        info.preprocessing,
        config.threads,
        lambda error: failures.append(str(error)),
    )
    for batch, answers in _predict_batches(predict, pictures, config):
        events.add_batch(batch, answers)
        on_progress(len(batch))
    if not events.records:
        raise InputError(
            f"split '{split}' of '{dataset.display_path}' has no photo that can be used"
        )
    scored = events.collector.to_evaluation_data(aggregator)
    single = [label for label in labels if label not in info.multi_label]
    truths = {
        label: _encode_truth(events.records, dataset, label, info.labels[label]) for label in single
    }
    rows = {
        label: encode_multi_hot(
            _classes_by_event(events.records, dataset, label), info.labels[label]
        )
        for label in labels
        if label in info.multi_label
    }
    scored = replace(
        scored,
        truth={label: truth for label, (truth, _) in truths.items()},
        multi_label={label: row for label, (row, _) in rows.items()},
        foreign={label: foreign for label, (_, foreign) in (truths | rows).items() if foreign},
        photos_in_event=np.array([record.n_photos for record in events.records], np.int32),
    )
    several = sum(record.n_observations > 1 for record in events.records)
    where = f" for {', '.join(single)}" if rows else ""
    notes = (f"{several:,} events have several observations: the first one counts{where}",) * bool(
        several and single
    )
    return ScoredSplit(scored, tuple(failures), notes)


class _EventSummary(NamedTuple):
    """What is kept of an event's record: the number of its photos, and what its observations
    say."""

    n_photos: int
    labels: Mapping[str, tuple[int, ...]]

    @property
    def n_observations(self) -> int:
        return max(map(len, self.labels.values()), default=0)


@dataclass
class _EventCollector:
    """The events whose pictures were answered."""

    collector: PredictionCollector
    info: ModelInfo
    location: str
    per_photo: bool

    def __post_init__(self) -> None:
        self.records: list[_EventSummary] = []

    def add_batch(
        self, batch: list[SplitImage], answers: Mapping[str, NDArray[np.float32]]
    ) -> None:
        unit = self.collector.photos if self.per_photo else self.collector.events
        for row, picture in enumerate(batch):
            event = picture.selection.event
            number = self.collector.add_event(event.event_id, self._facts(event, picture.pixels))
            if number == len(self.records):
                self.records.append(_EventSummary(len(event.jpegs), event.labels))
            for label, classes in self.info.labels.items():
                unit.add(number, picture.path, label, classes, answers[label][row])

    def _facts(self, event: EventRecord, pixels: Pixels) -> EventFacts:
        facts = parse_event_facts(event.meta, self.location)
        return facts._replace(night=is_infrared(pixels)) if facts.night is None else facts


def is_infrared(pixels: Pixels) -> bool:
    """Whether a picture (height, width, 3) has no colours but one tint, as photos by infrared
    light."""
    red, green, blue = np.moveaxis(pixels.astype(np.int16), 2, 0)
    return bool(
        np.std(red - green) < MAX_INFRARED_SPREAD and np.std(blue - green) < MAX_INFRARED_SPREAD
    )


def _predict_batches(
    predict: PredictFn, images: Iterator[SplitImage], config: ScoringConfig
) -> Iterator[tuple[list[SplitImage], Mapping[str, NDArray[np.float32]]]]:
    """Batches with their answers, in order."""
    with ThreadPoolExecutor(config.threads, "ctc-evaluate") as pool:
        running: deque[tuple[list[SplitImage], Future[Mapping[str, NDArray[np.float32]]]]] = deque()
        while batch := list(islice(images, config.batch_size)):
            running.append(
                (batch, pool.submit(predict, np.stack([picture.pixels for picture in batch])))
            )
            if len(running) > config.threads:
                done, future = running.popleft()
                yield done, future.result()
        for done, future in running:
            yield done, future.result()


def _encode_truth(
    records: list[_EventSummary], dataset: Dataset, label: str, classes: tuple[str, ...]
) -> tuple[Int32Array, Mapping[str, int]]:
    """By name: the dataset may have other classes than the model, or in another order."""
    names = dataset.label(label).classes
    found = [next(iter(record.labels.get(label, ())), MISSING) for record in records]
    told = [None if number == MISSING else names[number] for number in found]
    numbers = encode_classes(told, classes)
    return numbers, value_counts(
        str(told[row]) for row in np.flatnonzero(numbers == FOREIGN).tolist()
    )


def _classes_by_event(records: list[_EventSummary], dataset: Dataset, label: str) -> list[set[str]]:
    """Per event the classes that its observations have."""
    names = dataset.label(label).classes
    return [
        {names[number] for number in record.labels.get(label, ()) if number != MISSING}
        for record in records
    ]
