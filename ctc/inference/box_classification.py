"""A detector and a classifier together, as a photo task: every box gets its answer.

A photo is decoded once, for the detector's input and for the crops. Animals are classified, each
in the square around its box; people and vehicles are what the detector says. A photo without a box
is blank, by the detector's word. The photos of an event are combined box by box, whose weights are
the detector's confidences; blank photos count only in an event without any box.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import CategoryType, Detection
from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import (
    BoxPrediction,
    EventPrediction,
    ImagePrediction,
    Meta,
    Probabilities,
)
from ctc.inference.animal_crops import (
    TwoNetworks,
    ask_in_batches,
    check_not_stacked,
    crop_margin,
    cut_out,
    is_cut_out,
    kept_size,
    open_networks,
    whole_photos,
)
from ctc.inference.classification import ClassificationCodec, image_prediction, taxonomy_settings
from ctc.inference.detection import DetectionCodec, DetectionModel, DetectionTask
from ctc.inference.events.event import Event
from ctc.inference.pipeline.aggregation import aggregate
from ctc.inference.postprocess import ClassList, Postprocessor, make_postprocessor
from ctc.inference.task import HeaderFacts, Outputs, PhotoInfo
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.flips import mean_with_mirrored
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model

WORDS: Mapping[CategoryType, str] = {"blank": "blank", "human": "human", "vehicle": "vehicle"}
"""Classes that labels get which lack one of that type."""
TRAINED_ON_WHOLE_PHOTOS = (
    "the model learnt from whole photos, and gets the animals that the detector cuts out: one "
    "trained on crops (`ctc dataset --crop-box`) answers better"
)
_NO_STRANGERS = (
    "how far photos are from all that was learnt was fitted without a detector, and is left out"
)


_ANY_DETECTOR = PredictionSetup(detector="any")
"""Of a detector that nothing was fitted with."""


class BoxAnswer(NamedTuple):
    """A box, and the probabilities of its classes; None for a repeat, which is set aside."""

    detection: Detection
    probabilities: Probabilities | None


def box_postprocessor(
    classifier: Model,
    threshold: float | None = None,
    class_list: ClassList | None = None,
    setup: PredictionSetup = _ANY_DETECTOR,
) -> Postprocessor:
    """Return the postprocessor of a model whose photos a detector cuts, see `make_postprocessor`.

    The model's own thresholds apply where they were fitted with the detector, see `setup`. Its
    limit for strangers is left out, with a note: it was fitted without one. Raises UsageError for a
    model that stacks the photos of an event.
    """
    check_not_stacked(classifier)
    info = classifier.info
    whole = replace(info.preprocessing, crop_margin=None)
    found = make_postprocessor(
        replace(info, strangers={}, preprocessing=whole), threshold, class_list, setup=setup
    )
    return replace(found, notes=(*found.notes, _NO_STRANGERS)) if info.strangers else found


class PhotoAnswer(NamedTuple):
    """The boxes of a photo, and the probabilities of the whole photo if they were asked for."""

    boxes: tuple[BoxAnswer, ...]
    whole: Probabilities | None = None


@dataclass(frozen=True)
class BoxSchema:
    """The labels of answers: those of the classifier, and what the detector says by itself.

    `schema`: a label that lacks a class for blank photos, for people or for vehicles has it at its
    end, unless it is multi-label.
    """

    schema: LabelSchema

    @classmethod
    def extend(cls, schema: LabelSchema, types: Sequence[CategoryType]) -> BoxSchema:
        """Return the schema for a detector whose categories have these types."""
        needed = [kind for kind in WORDS if kind == "blank" or kind in types]
        added = {
            label: ()
            if label in schema.multi_label
            else tuple(WORDS[kind] for kind in needed if not _has(classes, kind))
            for label, classes in schema.labels.items()
        }
        labels = {label: (*classes, *added[label]) for label, classes in schema.labels.items()}
        events, photos = (
            {label: (*limits, *(0.0,) * len(added[label])) for label, limits in known.items()}
            for known in (schema.thresholds, schema.photo_thresholds)
        )
        return cls(LabelSchema(labels, events, schema.multi_label, photo_thresholds=photos))

    def said(self, kind: CategoryType) -> Probabilities:
        """Return the probabilities where the detector says `kind`: 1 for the first class of that
        type, 0 for all else."""
        found = {}
        for label, classes in self.schema.labels.items():
            fitting = [
                place for place, name in enumerate(classes) if observation_type(name) == kind
            ]
            values = np.zeros(len(classes), np.float32)
            values[fitting[:1]] = 1
            found[label] = values
        return found

    def classified(self, probabilities: Probabilities) -> Probabilities:
        """Return the classifier's probabilities, 0 for the classes that it doesn't have."""
        return {
            label: np.concatenate(
                [values, np.zeros(len(self.schema.labels[label]) - len(values), np.float32)]
            )
            for label, values in probabilities.items()
        }


def _has(classes: Sequence[str], kind: CategoryType) -> bool:
    return any(observation_type(name) == kind for name in classes)


@dataclass(frozen=True)
class BoxClassificationModel:
    """A `PhotoModel`. `asks_whole`: whether the classifier also gets each photo as a whole."""

    network: TwoNetworks
    detection: DetectionModel
    postprocessor: Postprocessor
    aggregation: Aggregation
    flips: bool = False
    asks_whole: bool = False

    @cached_property
    def boxes(self) -> BoxSchema:
        """The labels of the answers, and what the detector says by itself."""
        types = [one.type for one in self.network.detector.info.categories]
        return BoxSchema.extend(self.postprocessor.schema, types)

    @property
    def schema(self) -> LabelSchema:
        """The labels of the answers."""
        return self.boxes.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the answers."""
        whole = self.network.classifier.info.preprocessing.crop_margin is None
        return (*self.postprocessor.notes, *((TRAINED_ON_WHOLE_PHOTOS,) if whole else ()))

    @property
    def preprocessing(self) -> Preprocessing:
        """The detector's."""
        return self.detection.preprocessing

    @property
    def kept_size(self) -> tuple[int, int]:
        """See `PhotoModel`: enough for the crops."""
        return kept_size(self.network.classifier)

    def run(self, images: NDArray[np.uint8] | DeviceImages) -> Outputs:
        """Run the detector."""
        return self.detection.run(images)

    def answers(
        self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]
    ) -> list[PhotoAnswer | None]:
        """Return the answers for the boxes of each photo; classifies the animals of all of them.

        None where a network gave no numbers.
        """
        found = self.detection.answers(outputs, inputs)
        preprocessing = self.network.classifier.info.preprocessing
        classified = self._classify(cut_out(inputs, found, preprocessing))
        whole = self._classify(
            whole_photos(inputs, found, preprocessing) if self.asks_whole else iter(())
        )
        answers: list[PhotoAnswer | None] = []
        for photos, detections in zip(inputs, found, strict=True):
            if detections is None or not photos:
                answers.append(None)
                continue
            boxes = [BoxAnswer(one, self._answer(one, classified)) for one in detections]
            is_sound = all(values is not None or one.is_repeat for one, values in boxes)
            of_photo = next(whole) if self.asks_whole else None
            is_sound = is_sound and (of_photo is not None or not self.asks_whole)
            answers.append(PhotoAnswer(tuple(boxes), of_photo) if is_sound else None)
        return answers

    def _answer(
        self, one: Detection, classified: Iterator[Probabilities | None]
    ) -> Probabilities | None:
        """Return the next of the classifier's answers, or what the detector says by itself."""
        if one.is_repeat:
            return None
        return next(classified) if is_cut_out(one) else self.boxes.said(one.type)

    def _classify(self, crops: Iterator[NDArray[np.uint8]]) -> Iterator[Probabilities | None]:
        """Yield the probabilities of each crop, None where one is not finite."""
        classifier = self.network.classifier
        ask = partial(mean_with_mirrored, classifier.predict) if self.flips else classifier.predict
        for answers in ask_in_batches(ask, crops, classifier.is_on_device):
            kept = self.postprocessor.apply(answers)
            sound = np.logical_and.reduce(
                [np.isfinite(values).all(axis=1) for values in kept.values()]
            )
            for row, is_sound in enumerate(sound):
                own = {label: values[row] for label, values in kept.items()}
                yield self.boxes.classified(own) if is_sound else None

    def photo(self, info: PhotoInfo, answer: PhotoAnswer) -> ImagePrediction:
        """Return the boxes of a photo, and their aggregate; raises PluginError."""
        predictions = tuple(
            BoxPrediction(one, values) for one, values in answer.boxes if values is not None
        )
        set_aside = tuple(one for one, _ in answer.boxes if one.is_repeat)
        photo = image_prediction(
            info, {}, boxes=predictions, set_aside=set_aside, whole=answer.whole
        )
        return combine_boxes(photo, self.boxes, self.aggregation)

    def event(self, event: Event, photos: tuple[ImagePrediction, ...]) -> EventPrediction:
        """Aggregate the boxes of all photos; raises PluginError, see `aggregate`."""
        combined = _aggregate(photos, self.boxes, self.aggregation)
        return EventPrediction.from_schema(
            self.boxes.schema, event.id, combined, photos, event.meta
        )


def recombine(
    event: EventPrediction,
    photos: tuple[ImagePrediction, ...],
    boxes: BoxSchema,
    aggregation: Aggregation,
) -> EventPrediction:
    """Return the event with other answers for the boxes of its photos; raises PluginError."""
    combined = tuple(combine_boxes(photo, boxes, aggregation) for photo in photos)
    probabilities = _aggregate(combined, boxes, aggregation)
    return replace(event, images=combined, probabilities=probabilities)


def combine_boxes(
    photo: ImagePrediction, boxes: BoxSchema, aggregation: Aggregation
) -> ImagePrediction:
    """Return the photo with the aggregate of its boxes; without any it is blank."""
    blank = replace(photo, probabilities=boxes.said("blank"))
    return replace(photo, probabilities=_aggregate([blank], boxes, aggregation))


def _aggregate(
    photos: Sequence[ImagePrediction], boxes: BoxSchema, aggregation: Aggregation
) -> Probabilities:
    schema = boxes.schema
    rows = [
        (replace(photo, probabilities=box.probabilities), box.detection.box.confidence or 0.0)
        for photo in photos
        for box in photo.boxes or ()
    ]
    if not rows:
        return aggregate(aggregation, photos, schema.labels, schema.multi_label)
    weights = [weight for _, weight in rows]
    shown = [photo for photo, _ in rows]
    return aggregate(aggregation, shown, schema.labels, schema.multi_label, weights)


@dataclass(frozen=True)
class BoxClassificationTask:
    """A `PhotoTask`. `detector`: its file. `aggregation`: its name. `flips`: of the crops.
    `asks_whole`: see `BoxClassificationModel`."""

    detector: Path
    detection: DetectionTask
    postprocessor: Postprocessor
    aggregation: str
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    flips: bool = False
    asks_whole: bool = False

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> BoxClassificationModel:
        """See `PhotoTask`."""
        return self.bind(open_networks(file, self.detector, runtime))

    def bind(self, network: TwoNetworks) -> BoxClassificationModel:
        """See `PhotoTask`."""
        aggregation = plugins().get(Aggregation, self.aggregation)
        bound = bind_options(aggregation, self.aggregation_options)
        return BoxClassificationModel(
            network,
            self.detection.bind(network.detector),
            self.postprocessor,
            bound,
            self.flips,
            self.asks_whole,
        )

    def facts(self, network: TwoNetworks) -> HeaderFacts:
        """See `PhotoTask`."""
        info, model = network.classifier.info, self.bind(network)
        found = self.detection.facts(network.detector)
        return HeaderFacts(
            model.schema,
            model.notes,
            (info.preprocessing.height, info.preprocessing.width),
            info.provenance,
            {
                **found.settings,
                **taxonomy_settings(info),
                "detector": self.detector.name,
                "crop_margin": crop_margin(info.preprocessing),
            },
        )


@dataclass(frozen=True)
class BoxClassificationCodec:
    """An `AnswerCodec`: the probabilities of the photo, and of each box with its place; then the
    repeats and the probabilities of the whole photo, if there are any."""

    classes: ClassificationCodec
    boxes: DetectionCodec

    def photo_to_json(self, photo: ImagePrediction) -> list[Any]:
        """See `AnswerCodec`."""
        repeats = [self.boxes.detection_to_json(one) for one in photo.set_aside]
        whole = [] if photo.whole is None else [self.classes.encode(photo.whole)]
        return [
            self.classes.photo_to_json(photo),
            [
                [
                    self.boxes.detection_to_json(box.detection),
                    self.classes.encode(box.probabilities),
                ]
                for box in photo.boxes or ()
            ],
            *([repeats] if repeats or whole else []),
            *whole,
        ]

    def photo_from_json(self, value: Any, info: PhotoInfo) -> ImagePrediction:
        """See `AnswerCodec`."""
        encoded, rows, *more = value
        set_aside = tuple(map(self.boxes.detection_from_json, more[0])) if more else ()
        whole = self.classes.decode(more[1]) if len(more) > 1 else None
        boxes = tuple(
            BoxPrediction(self.boxes.detection_from_json(place), self.classes.decode(probabilities))
            for place, probabilities in rows
        )
        return image_prediction(
            info, self.classes.decode(encoded), boxes=boxes, set_aside=set_aside, whole=whole
        )

    def event_to_json(self, event: EventPrediction) -> str:
        """See `AnswerCodec`."""
        return self.classes.event_to_json(event)

    def event_from_json(
        self, value: Any, event_id: str, meta: Meta, photos: tuple[ImagePrediction, ...]
    ) -> EventPrediction:
        """See `AnswerCodec`."""
        return self.classes.event_from_json(value, event_id, meta, photos)
