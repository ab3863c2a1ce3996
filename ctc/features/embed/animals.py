"""Features of animals as a photo task: a detector finds them, a model embeds the crop of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Detection
from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Meta
from ctc.features.embed.results import AnimalFeatures, EventFeatures, PhotoAnimals
from ctc.features.embed.task import FeatureCodec
from ctc.features.store import DETECTOR, DETECTOR_DIGEST, FEATURE_SIZE, FOLDER
from ctc.inference.animal_crops import (
    TwoNetworks,
    ask_in_batches,
    cut_out,
    is_cut_out,
    kept_size,
    open_networks,
)
from ctc.inference.detection import DetectionCodec, DetectionModel, DetectionTask
from ctc.inference.events.event import Event
from ctc.inference.task import HeaderFacts, Outputs, PhotoInfo
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.model_bytes import ModelFile, read_model


class AnimalsAnswer(NamedTuple):
    """What both networks say of a photo."""

    animals: tuple[AnimalFeatures, ...]
    set_aside: tuple[Detection, ...]


@dataclass(frozen=True)
class AnimalFeatureModel:
    """A `PhotoModel`."""

    network: TwoNetworks
    detection: DetectionModel

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
    ) -> list[AnimalsAnswer | None]:
        """Return the animals of each photo, None where a network gave no numbers."""
        found = self.detection.answers(outputs, inputs)
        model = self.network.classifier
        crops = cut_out(inputs, found, model.info.preprocessing)
        rows = iter(
            row
            for part in ask_in_batches(self._features, crops, model.is_on_device)
            for row in part[FEATURES_OUTPUT]
        )
        answers: list[AnimalsAnswer | None] = []
        for photos, detections in zip(inputs, found, strict=True):
            if detections is None or not photos:
                answers.append(None)
                continue
            animals = tuple(
                AnimalFeatures(one, next(rows)) for one in detections if is_cut_out(one)
            )
            is_sound = all(np.isfinite(one.features).all() for one in animals)
            set_aside = tuple(one for one in detections if one.is_repeat)
            answers.append(AnimalsAnswer(animals, set_aside) if is_sound else None)
        return answers

    def _features(self, crops: NDArray[np.uint8]) -> Outputs:
        return self.network.classifier.run(crops, (FEATURES_OUTPUT,))

    def photo(self, info: PhotoInfo, answer: AnimalsAnswer) -> PhotoAnimals:
        """See `PhotoModel`."""
        return _photo_animals(info, answer)

    def event(self, event: Event, photos: tuple[PhotoAnimals, ...]) -> EventFeatures:
        """See `PhotoModel`."""
        return EventFeatures(event.id, photos, event.meta)


@dataclass(frozen=True)
class EmbedAnimalsTask:
    """A `PhotoTask`. `detector`: its file. `folder`: what relative paths start from."""

    detector: Path
    detection: DetectionTask
    folder: str | None = None

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> AnimalFeatureModel:
        """See `PhotoTask`; raises InputError for a model without features."""
        return self.bind(open_networks(file, self.detector, runtime, needs="features"))

    def bind(self, network: TwoNetworks) -> AnimalFeatureModel:
        """See `PhotoTask`."""
        return AnimalFeatureModel(network, self.detection.bind(network.detector))

    def facts(self, network: TwoNetworks) -> HeaderFacts:
        """See `PhotoTask`."""
        info = network.classifier.info
        settings = {
            **self.detection.facts(network.detector).settings,
            FEATURE_SIZE: info.feature_size,
            FOLDER: self.folder,
            DETECTOR: self.detector.name,
            DETECTOR_DIGEST: read_model(self.detector).digest,
        }
        size = info.preprocessing.height, info.preprocessing.width
        return HeaderFacts(input_size=size, provenance=info.provenance, settings=settings)


@dataclass(frozen=True)
class AnimalFeatureCodec:
    """An `AnswerCodec`: a list of the animals, each with its box and features; then one of the
    repeats, if there are any."""

    features: FeatureCodec
    boxes: DetectionCodec

    def photo_to_json(self, photo: PhotoAnimals) -> list[Any]:
        """See `AnswerCodec`."""
        animals = [
            [self.boxes.detection_to_json(one.detection), self.features.encode(one.features)]
            for one in photo.animals
        ]
        repeats = [self.boxes.detection_to_json(one) for one in photo.set_aside]
        return [animals, *([repeats] if repeats else [])]

    def photo_from_json(self, value: Any, info: PhotoInfo) -> PhotoAnimals:
        """See `AnswerCodec`."""
        rows, *more = value
        animals = tuple(
            AnimalFeatures(self.boxes.detection_from_json(box), self.features.decode(encoded))
            for box, encoded in rows
        )
        set_aside = tuple(map(self.boxes.detection_from_json, *more)) if more else ()
        return _photo_animals(info, AnimalsAnswer(animals, set_aside))

    def event_to_json(self, event: EventFeatures) -> None:
        """See `AnswerCodec`: an event has no features of its own."""
        self.features.event_to_json(event)

    def event_from_json(
        self, value: Any, event_id: str, meta: Meta, photos: tuple[PhotoAnimals, ...]
    ) -> EventFeatures:
        """See `AnswerCodec`."""
        return self.features.event_from_json(value, event_id, meta, photos)


def _photo_animals(info: PhotoInfo, answer: AnimalsAnswer) -> PhotoAnimals:
    return PhotoAnimals(
        info.path,
        answer.animals,
        info.taken,
        info.camera,
        info.latitude,
        info.longitude,
        meta=info.meta or {},
        box=info.box,
        size=info.size,
        set_aside=answer.set_aside,
    )
