"""Predictions of a detector and a classifier for a dataset's split, as `ctc predict --detector`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ctc.artifacts.boxes import Box
from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.collector import PredictionCollector
from ctc.evaluation.answers.event_facts import parse_event_facts
from ctc.evaluation.answers.score_split import ScoredSplit, is_infrared
from ctc.evaluation.answers.split_images import unique_events
from ctc.evaluation.answers.split_truth import (
    EventSummary,
    add_truth,
    observation_notes,
    shared_labels,
)
from ctc.evaluation.config import ScoringConfig
from ctc.images import to_model_input
from ctc.images.eval_samples import read_events, record_table
from ctc.inference.box_classification import WORDS, BoxClassificationModel, PhotoAnswer
from ctc.inference.decisions.blanks import surest_box
from ctc.inference.decisions.fusion import Fusion
from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.task import PhotoInfo
from ctc.reporting import counted
from ctc.runtime.batch_size import measured_runtime

INFRARED = "infrared"
"""Meta value of a photo: whether it is grey or has one tint."""


@dataclass(frozen=True)
class EvaluatedModel(BoxClassificationModel):
    """A detector and a classifier that also tell whether a photo is infrared.

    `fusion`: that of the classifier's file for this detector, which the answers for events have.
    """

    fusion: Fusion | None = None

    def photo(self, info: PhotoInfo, answer: PhotoAnswer) -> ImagePrediction:
        """See `PhotoModel`."""
        assert info.pixels is not None
        shown = to_model_input(info.pixels, self.network.classifier.info.preprocessing)
        return super().photo(info._replace(meta={INFRARED: is_infrared(shown)}), answer)

    def event(self, event: Event, photos: tuple[ImagePrediction, ...]) -> EventPrediction:
        """See `PhotoModel`."""
        found = super().event(event, photos)
        return found if self.fusion is None else self.fusion.decide(found)


def score_boxes(
    model: EvaluatedModel,
    dataset: Dataset,
    split: str,
    config: ScoringConfig,
    on_progress: Callable[[int], None],
) -> ScoredSplit:
    """Find the animals in every photo of a split, and predict each.

    An event has the aggregate of its boxes, as in `ctc predict --detector`. `on_progress` gets the
    number of photos. Raises CtcError as `score_split` does.
    """
    schema = model.schema
    shared = shared_labels(schema.labels, dataset, config.truth_labels)
    reader, scores = _SplitReader(dataset, split), _Scores(schema.labels, config.location)
    photos = sum(shard.images for shard in dataset.shards(split))
    runtime = measured_runtime(model.network, photos, model.run, model.preprocessing)
    with closing(run_pipeline(model, reader.events(), PipelineConfig(runtime))) as results:
        for result in results:
            record = reader.pending.popleft()
            reader.failures += [record.describe(one.path, one.reason) for one in result.failures]
            if result.prediction:
                scores.add(record, result.prediction)
            on_progress(result.photos)
    if not scores.records:
        raise InputError(f"split '{split}' of '{dataset.display_path}' has no usable photo")
    labels = {name: as_predicted(label, schema.labels[name]) for name, label in shared.items()}
    aggregators = aggregator_factory(config.aggregation, config.aggregation_options)
    data = scores.collector.to_evaluation_data(aggregators(schema.multi_label))
    data = add_truth(data, scores.records, labels, schema.multi_label)
    surest = [surest_box(event) or 0.0 for event in scores.predictions]
    data = replace(data, surest_box=np.array(surest, np.float32))
    notes = (
        *observation_notes(scores.records, labels, schema.multi_label),
        *(note for name in labels for note in _renaming_notes(shared[name], labels[name])),
        *reader.size_notes(model.preprocessing),
    )
    return ScoredSplit(
        data, tuple(reader.failures), notes, labels, scores.boxes, tuple(scores.predictions)
    )


def as_predicted(label: Label, classes: Sequence[str]) -> Label:
    """Return the dataset's label with the names that the detector gives.

    A class for blank photos, people or vehicles that is not among the predicted `classes` has the
    name of the first of these that is of its type.
    """
    said: dict[str, str] = {}
    for name in classes:
        said.setdefault(observation_type(name), name)
    named = (
        name
        if name in classes or observation_type(name) not in WORDS
        else said.get(observation_type(name), name)
        for name in label.classes
    )
    return replace(label, classes=tuple(named))


class _Record(NamedTuple):
    """What is known of an event; `where`: the place of its record, for messages."""

    where: str
    event_id: str
    summary: EventSummary
    meta: Mapping[str, Any]

    def describe(self, photo: str, reason: str) -> str:
        return f"{self.where}: photo '{photo}' of event '{self.event_id}': {reason}"


@dataclass
class _SplitReader:
    """Events of a split as the pipeline takes them; `pending`: those that it has taken, in order.

    `failures`: of records that can't be read. `sizes`: the (height, width) of photos, with their
    number.
    """

    dataset: Dataset
    split: str
    pending: deque[_Record] = field(default_factory=deque)
    failures: list[str] = field(default_factory=list)
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)

    def events(self) -> Iterator[Event]:
        """Yield each event once, its photos as the bytes of files."""
        table = record_table(self.dataset, self.split)
        records = read_events(
            self.dataset, self.split, table, lambda error: self.failures.append(str(error))
        )
        for where, event in unique_events(records):
            self._note(where, event)
            yield Event(event.event_id, event.paths, in_memory=event.jpegs)

    def _note(self, where: str, event: EventRecord) -> None:
        summary = EventSummary(len(event.jpegs), event.labels)
        self.pending.append(_Record(where, event.event_id, summary, event.meta))
        for size in event.sizes:
            self.sizes[size] = self.sizes.get(size, 0) + 1

    def size_notes(self, preprocessing: Preprocessing) -> tuple[str, ...]:
        """Return a note if photos were shrunk below the size that the detector takes."""
        side = self.dataset.manifest.shrink.get("smallest_side")
        height, width = preprocessing.height, preprocessing.width
        small = sum(
            count
            for size, count in self.sizes.items()
            if min(size) == side and size[0] < height and size[1] < width
        )
        if not small:
            return ()
        are = counted(small, "photo is", "photos are")
        note = (
            f"{are} smaller than the {width} × {height} pixels that the detector takes, since `ctc "
            f"dataset` shrank photos to {side}: it may miss small animals that it finds in the "
            "photos themselves; `ctc dataset --smallest-side` keeps them larger"
        )
        return (note,)


@dataclass
class _Scores:
    """The predictions of a split; `records`: a summary of each event, `boxes`: those of photos."""

    classes: LabelClasses
    location: str
    collector: PredictionCollector = field(default_factory=PredictionCollector)
    records: list[EventSummary] = field(default_factory=list)
    boxes: dict[str, tuple[Box, ...]] = field(default_factory=dict)
    predictions: list[EventPrediction] = field(default_factory=list)

    def add(self, record: _Record, prediction: EventPrediction) -> None:
        """Add the prediction of an event, and those of its photos."""
        facts = parse_event_facts(record.meta, self.location)
        facts = facts._replace(is_infrared=bool(prediction.images[0].meta[INFRARED]))
        event = self.collector.add_event(record.event_id, facts)
        self.records.append(record.summary)
        self.predictions.append(prediction)
        for label, names in self.classes.items():
            values = prediction.probabilities[label]
            self.collector.events.add(event, "", label, names, values)
            for photo in prediction.images:
                values = photo.probabilities[label]
                self.collector.photos.add(event, photo.path, label, names, values)
        for photo in prediction.images:
            if photo.boxes:
                self.boxes[photo.path] = tuple(one.detection.box for one in photo.boxes)


def _renaming_notes(own: Label, named: Label) -> Iterator[str]:
    for before, after in zip(own.classes, named.classes, strict=True):
        if before != after:
            yield f"'{before}' of the dataset's label '{own.name}' counts as '{after}'"
