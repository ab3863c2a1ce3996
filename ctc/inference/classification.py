"""Classification as a photo task: probabilities per label, aggregated over an event's photos."""

from __future__ import annotations

import base64
import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ctc.artifacts.boxes import Detection
from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ATTENTION_OUTPUT, STRANGENESS_OUTPUT, ModelInfo
from ctc.artifacts.model.pooling import Attention, Pooling
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import (
    BoxPrediction,
    EventPrediction,
    ImagePrediction,
    Meta,
    Probabilities,
)
from ctc.images import read_photo
from ctc.inference.events.event import Event
from ctc.inference.own_aggregation import check_pooling
from ctc.inference.pipeline.aggregation import aggregate
from ctc.inference.pipeline.inputs import ReadPhoto
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.postprocess import Postprocessor
from ctc.inference.task import HeaderFacts, Outputs, PhotoInfo, TaskResult
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.flips import mean_with_mirrored
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, open_model

EventResult = TaskResult[EventPrediction]
"""The result of one event in a classification."""

_FLOATS = np.dtype("<f4")


class PhotoAnswer(NamedTuple):
    """The probabilities of a photo, how far it is from all that was learnt, and how much it counts
    in its event, if known."""

    probabilities: Probabilities
    strangeness: float | None = None
    attention: Attention | None = None


@dataclass(frozen=True)
class ClassificationModel:
    """A `PhotoModel`. `aggregation`: None where `event` is not called; `flips`: see
    `mean_with_mirrored`."""

    network: Model
    postprocessor: Postprocessor
    aggregation: Aggregation | None = None
    flips: bool = False

    @property
    def schema(self) -> LabelSchema:
        """The labels of the answers."""
        return self.postprocessor.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the answers."""
        return self.postprocessor.notes

    @property
    def preprocessing(self) -> Preprocessing:
        """See `PhotoModel`."""
        return self.network.info.preprocessing

    @property
    def kept_size(self) -> None:
        """See `PhotoModel`."""

    @property
    def tells_strangers(self) -> bool:
        """Whether the network is asked how far photos are from all that was learnt."""
        return self.postprocessor.schema.stranger_threshold is not None

    @property
    def pooling(self) -> Pooling | None:
        """The learnt pooling that the aggregation needs, None if it needs none."""
        needs = self.aggregation is not None and self.aggregation.needs_attention
        return self.network.info.pooling if needs else None

    def run(self, images: Any) -> Outputs:
        """Return the probabilities per label, (N, classes), and the strangeness and attention that
        are asked for, (N, 1) each."""
        return mean_with_mirrored(self._run, images) if self.flips else self._run(images)

    def _run(self, images: Any) -> Outputs:
        asked = {STRANGENESS_OUTPUT: self.tells_strangers, ATTENTION_OUTPUT: self.pooling}
        more = tuple(name for name, wanted in asked.items() if wanted)
        return self.network.run(images, (*self.network.info.labels, *more))

    def answers(
        self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]
    ) -> list[PhotoAnswer | None]:
        """Return the answer for each input, None where a number is not finite."""
        sound = np.logical_and.reduce(
            [np.isfinite(values).all(axis=1) for values in outputs.values()]
        )
        given = dict(outputs)
        strangeness = given.pop(STRANGENESS_OUTPUT) if self.tells_strangers else None
        pooling = self.pooling
        scores = given.pop(ATTENTION_OUTPUT) if pooling else None
        kept = self.postprocessor.apply(given)
        return [
            PhotoAnswer(
                {label: values[row] for label, values in kept.items()},
                None if strangeness is None else float(strangeness[row, 0]),
                pooling.attention(float(scores[row, 0]))
                if pooling and scores is not None
                else None,
            )
            if sound[row]
            else None
            for row in range(len(inputs))
        ]

    def photo(self, info: PhotoInfo, answer: PhotoAnswer) -> ImagePrediction:
        """See `PhotoModel`."""
        return image_prediction(
            info,
            answer.probabilities,
            strangeness=answer.strangeness,
            attention=answer.attention,
        )

    def event(self, event: Event, photos: tuple[ImagePrediction, ...]) -> EventPrediction:
        """Aggregate the photos; raises PluginError, see `aggregate`."""
        assert self.aggregation is not None
        return event_prediction(event, photos, self.schema, self.aggregation)


@dataclass(frozen=True)
class ClassificationTask:
    """A `PhotoTask`. `aggregation`: its name; workers find the plugin by it."""

    postprocessor: Postprocessor
    aggregation: str
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    flips: bool = False

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> ClassificationModel:
        """See `PhotoTask`."""
        return self.bind(open_model(file, runtime))

    def bind(self, network: Model) -> ClassificationModel:
        """See `PhotoTask`."""
        aggregation = plugins().get(Aggregation, self.aggregation)
        check_pooling(network.info, aggregation)
        bound = bind_options(aggregation, self.aggregation_options)
        return ClassificationModel(network, self.postprocessor, bound, self.flips)

    def facts(self, network: Model) -> HeaderFacts:
        """See `PhotoTask`."""
        info = network.info
        return HeaderFacts(
            self.postprocessor.schema,
            self.postprocessor.notes,
            (info.preprocessing.height, info.preprocessing.width),
            info.provenance,
            taxonomy_settings(info),
        )


def taxonomy_settings(info: ModelInfo) -> dict[str, Any]:
    """Return what output formats get to know of the taxonomy, nothing without one."""
    return {"taxonomy": dict(info.taxonomy)} if info.taxonomy else {}


@dataclass(frozen=True)
class ClassificationCodec:
    """An `AnswerCodec`: the probabilities are the bytes of their float32, label after label."""

    schema: LabelSchema

    def photo_to_json(self, photo: ImagePrediction) -> str | list[Any]:
        """Return the probabilities; in a list with strangeness and attention, if one is known."""
        encoded = self.encode(photo.probabilities)
        if photo.attention is not None:
            return [encoded, photo.strangeness, list(photo.attention)]
        return encoded if photo.strangeness is None else [encoded, photo.strangeness]

    def photo_from_json(self, value: Any, info: PhotoInfo) -> ImagePrediction:
        """See `AnswerCodec`."""
        given: list[Any] = [value] if isinstance(value, str) else value
        encoded, strangeness, attention = [*given, None, None][:3]
        if strangeness is not None and not math.isfinite(strangeness):
            raise ValueError("not a strangeness")
        known = None if attention is None else Attention(*attention)
        if known is not None and not all(map(math.isfinite, known)):
            raise ValueError("not an attention")
        return image_prediction(
            info, self.decode(encoded), strangeness=strangeness, attention=known
        )

    def event_to_json(self, event: EventPrediction) -> str:
        """See `AnswerCodec`."""
        return self.encode(event.probabilities)

    def event_from_json(
        self, value: Any, event_id: str, meta: Meta, photos: tuple[ImagePrediction, ...]
    ) -> EventPrediction:
        """See `AnswerCodec`."""
        combined = self.decode(value)
        return EventPrediction.from_schema(self.schema, event_id, combined, photos, meta)

    def encode(self, probabilities: Probabilities) -> str:
        """Return the bytes of the probabilities as base64."""
        parts = [np.ascontiguousarray(values, _FLOATS) for values in probabilities.values()]
        return base64.b64encode(b"".join(part.tobytes() for part in parts)).decode()

    def decode(self, encoded: str) -> Probabilities:
        """Return the probabilities; raises ValueError for what `encode` doesn't return."""
        labels = self.schema.labels
        values = np.frombuffer(base64.b64decode(encoded), _FLOATS).astype(np.float32)
        if len(values) != sum(map(len, labels.values())) or not np.isfinite(values).all():
            raise ValueError("not one number per class")
        ends = np.cumsum([len(classes) for classes in labels.values()])
        return dict(zip(labels, np.split(values, ends[:-1]), strict=True))


def predict(
    model: Model,
    postprocessor: Postprocessor,
    events: Iterable[Event],
    aggregation: Aggregation,
    config: PipelineConfig,
    read: ReadPhoto = read_photo,
) -> Generator[EventResult]:
    """Yield the result of each event, in the order of the events; `read` reads a photo.

    Raises UsageError for an aggregation that the model did not learn.
    """
    check_pooling(model.info, aggregation)
    classifying = ClassificationModel(model, postprocessor, aggregation)
    return run_pipeline(classifying, events, config, read)


def event_prediction(
    event: Event,
    photos: tuple[ImagePrediction, ...],
    schema: LabelSchema,
    aggregation: Aggregation,
) -> EventPrediction:
    """Aggregate the predictions of an event's photos, of which there is at least one.

    Raises PluginError, see `aggregate`.
    """
    combined = aggregate(aggregation, photos, schema.labels, schema.multi_label)
    return EventPrediction.from_schema(schema, event.id, combined, photos, event.meta)


def image_prediction(
    info: PhotoInfo,
    probabilities: Probabilities,
    *,
    strangeness: float | None = None,
    boxes: tuple[BoxPrediction, ...] | None = None,
    set_aside: tuple[Detection, ...] = (),
    whole: Probabilities | None = None,
    attention: Attention | None = None,
) -> ImagePrediction:
    """Return the prediction of a photo; see `ImagePrediction` for the other fields."""
    return ImagePrediction(
        info.path,
        probabilities,
        info.taken,
        info.camera,
        info.latitude,
        info.longitude,
        meta=info.meta or {},
        box=info.box,
        size=info.size,
        strangeness=strangeness,
        boxes=boxes,
        set_aside=set_aside,
        whole=whole,
        attention=attention,
    )
