"""Features as a photo task: what a network with the output `features` gives for each photo."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Meta
from ctc.features.embed.results import EventFeatures, PhotoAnimals, PhotoFeatures
from ctc.features.store import FEATURE_SIZE, FOLDER
from ctc.inference.events.event import Event
from ctc.inference.task import HeaderFacts, Outputs, PhotoInfo
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, open_model

_FLOATS = np.dtype("<f4")


@dataclass(frozen=True)
class FeatureModel:
    """A `PhotoModel`."""

    network: Model

    @property
    def preprocessing(self) -> Preprocessing:
        """See `PhotoModel`."""
        return self.network.info.preprocessing

    @property
    def kept_size(self) -> None:
        """See `PhotoModel`."""

    def run(self, images: Any) -> Outputs:
        """Return the features alone: onnxruntime leaves out the heads."""
        return self.network.run(images, (FEATURES_OUTPUT,))

    def answers(
        self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]
    ) -> list[NDArray[np.float32] | None]:
        """Return the features of each input, None where one is not finite."""
        rows = outputs[FEATURES_OUTPUT][: len(inputs)]
        return [row if np.isfinite(row).all() else None for row in rows]

    def photo(self, info: PhotoInfo, answer: NDArray[np.float32]) -> PhotoFeatures:
        """See `PhotoModel`."""
        return _photo_features(info, answer)

    def event(self, event: Event, photos: tuple[PhotoFeatures, ...]) -> EventFeatures:
        """See `PhotoModel`."""
        return EventFeatures(event.id, photos, event.meta)


@dataclass(frozen=True)
class EmbedTask:
    """A `PhotoTask`. `folder`: what relative paths start from, None if that is not known."""

    folder: str | None

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> FeatureModel:
        """See `PhotoTask`; raises InputError for a model without features."""
        return self.bind(open_model(file, runtime, needs="features"))

    def bind(self, network: Model) -> FeatureModel:
        """See `PhotoTask`."""
        return FeatureModel(network)

    def facts(self, network: Model) -> HeaderFacts:
        """See `PhotoTask`."""
        info = network.info
        return HeaderFacts(
            input_size=(info.preprocessing.height, info.preprocessing.width),
            provenance=info.provenance,
            settings={FEATURE_SIZE: info.feature_size, FOLDER: self.folder},
        )


@dataclass(frozen=True)
class FeatureCodec:
    """An `AnswerCodec`: the features are the bytes of their float32. `size`: how many."""

    size: int

    def photo_to_json(self, photo: PhotoFeatures) -> str:
        """See `AnswerCodec`."""
        return self.encode(photo.features)

    def photo_from_json(self, value: Any, info: PhotoInfo) -> PhotoFeatures:
        """See `AnswerCodec`."""
        return _photo_features(info, self.decode(value))

    def encode(self, features: NDArray[np.float32]) -> str:
        """Return the bytes of the features as base64."""
        return base64.b64encode(np.ascontiguousarray(features, _FLOATS).tobytes()).decode()

    def decode(self, encoded: str) -> NDArray[np.float32]:
        """Return the features; raises ValueError for what `encode` doesn't return."""
        features = np.frombuffer(base64.b64decode(encoded), _FLOATS).astype(np.float32)
        if len(features) != self.size or not np.isfinite(features).all():
            raise ValueError(f"not {self.size} features")
        return features

    def event_to_json(self, event: EventFeatures) -> None:
        """See `AnswerCodec`: an event has no features of its own."""
        del event

    def event_from_json(
        self,
        value: Any,
        event_id: str,
        meta: Meta,
        photos: tuple[PhotoFeatures | PhotoAnimals, ...],
    ) -> EventFeatures:
        """See `AnswerCodec`."""
        if value is not None:
            raise ValueError("an answer for the event")
        return EventFeatures(event_id, photos, meta)


def _photo_features(info: PhotoInfo, features: NDArray[np.float32]) -> PhotoFeatures:
    return PhotoFeatures(
        info.path,
        features,
        info.taken,
        info.camera,
        info.latitude,
        info.longitude,
        meta=info.meta or {},
        box=info.box,
        size=info.size,
    )
