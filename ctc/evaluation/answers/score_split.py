"""Predictions of a model for a dataset's split, on the same pixels as in `ctc predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import MISSING, EventRecord
from ctc.artifacts.model.file import ATTENTION_OUTPUT, FEATURES_OUTPUT, ModelInfo
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.collector import PredictionCollector
from ctc.evaluation.answers.event_facts import EventFacts, parse_event_facts
from ctc.evaluation.answers.photo_boxes import PhotoBoxes
from ctc.evaluation.answers.photo_features import PhotoFeatures
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.answers.split_images import SplitImage, read_split_images
from ctc.evaluation.answers.split_truth import (
    EventSummary,
    add_truth,
    observation_notes,
    shared_labels,
)
from ctc.evaluation.config import BATCH_SIZE, ScoringConfig
from ctc.images.decode import Pixels
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
    not counted. `labels`: by label of the predictions, that of the dataset which it is compared
    with. `boxes`: those of a detector, by the path of the photo. `predictions`: of a detector and a
    model, those of the events of `data`, in their order. `features` (P, size): those of the photos
    of `data`, in their order, where they were predicted too; they lie in a temporary file.
    """

    data: EvaluationData
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    labels: Mapping[str, Label]
    boxes: PhotoBoxes = field(default_factory=dict)
    predictions: tuple[EventPrediction, ...] = ()
    features: NDArray[np.float32] | None = None


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
    labels = shared_labels(info.labels, dataset, config.truth_labels)
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
    data = add_truth(data, events.records, labels, info.multi_label)
    notes = observation_notes(events.records, labels, info.multi_label)
    features = events.features.values()
    return ScoredSplit(data, tuple(failures), notes, labels, features=features)


def is_infrared(pixels: Pixels) -> bool:
    """Return whether an image (height, width, 3) is grey or has one tint, as in infrared light."""
    red, green, blue = np.moveaxis(pixels.astype(np.int16), 2, 0)
    return bool(
        np.std(red - green) < MAX_INFRARED_SPREAD and np.std(blue - green) < MAX_INFRARED_SPREAD
    )


class _EventCollector:
    """The predictions of a split, and a summary of each event."""

    def __init__(self, info: ModelInfo, location: str) -> None:
        self.collector = PredictionCollector()
        self.records: list[EventSummary] = []
        self.features = PhotoFeatures()
        self._info, self._location = info, location

    def add_batch(self, batch: list[SplitImage], probabilities: BatchProbabilities) -> None:
        is_per_event = self._info.preprocessing.is_stacked
        unit = self.collector.events if is_per_event else self.collector.photos
        for row, image in enumerate(batch):
            event = image.selection.event
            number = self.collector.add_event(event.event_id, self._facts(event, image.pixels))
            if number == len(self.records):
                self.records.append(EventSummary(len(event.jpegs), event.labels))
            for label, classes in self._info.labels.items():
                unit.add(number, image.path, label, classes, probabilities[label][row])
            if self._info.pooling and ATTENTION_OUTPUT in probabilities:
                score = float(probabilities[ATTENTION_OUTPUT][row, 0])
                unit.add_attention(self._info.pooling.attention(score))
        if FEATURES_OUTPUT in probabilities and not is_per_event:
            self.features.add(probabilities[FEATURES_OUTPUT])

    def _facts(self, event: EventRecord, pixels: Pixels) -> EventFacts:
        facts = parse_event_facts(event.meta, self._location)
        is_known = facts.light != MISSING
        return facts if is_known else facts._replace(is_infrared=is_infrared(pixels))


def _predict_batches(
    predict: PredictFn, images: Iterator[SplitImage], batch_size: int, threads: int
) -> Iterator[tuple[list[SplitImage], BatchProbabilities]]:
    """Yield batches with their predictions, in order."""

    def predict_batch(batch: list[SplitImage]) -> tuple[list[SplitImage], BatchProbabilities]:
        return batch, predict(np.stack([image.pixels for image in batch]))

    batches = iter(lambda: list(islice(images, batch_size)), [])
    with ThreadPoolExecutor(threads, "ctc-evaluate") as pool:
        yield from map_in_order(pool, predict_batch, batches, threads + 1)
