"""Prediction from Python: `ctc.load_model("model.onnx").predict(paths)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.inference.events.event import Event
from ctc.inference.pipeline.inputs import Truncated
from ctc.inference.pipeline.pipeline import Outcome, PipelineConfig, predict
from ctc.inference.postprocess import Reading, reading_of
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.runtime.batch_size import ON_CPU, ON_DEVICE
from ctc.runtime.providers import Engine
from ctc.runtime.session import Model, load_model

StrPath = str | Path
Photos = Iterable[StrPath] | Mapping[str, Iterable[StrPath]]


class Predictions(NamedTuple):
    """In the order of the input; every photo is in one of the two."""

    events: list[EventPrediction]
    failures: list[Failure]


@dataclass(frozen=True)
class Classifier:
    """A model that is ready to predict, made by `ctc.load_model`. Threads may share it."""

    model: Model
    reading: Reading
    config: PipelineConfig

    @property
    def info(self) -> ModelInfo:
        """What the model file says of itself: labels and classes, preprocessing, where it comes from."""
        return self.model.info

    def predict(self, photos: Photos, aggregation: str = "mean") -> Predictions:
        """What the model says of `photos`: paths, each an event of its own with the path as id; or for each event id its paths.

        A photo that can't be used raises nothing but is a Failure with the reason. Raises CtcError when the network can't
        be run, or there is no such aggregation.
        """
        events: list[EventPrediction] = []
        failures: list[Failure] = []
        for outcome in self.stream(photos, aggregation):
            failures += outcome.failures
            events += [outcome.prediction] if outcome.prediction else []
        return Predictions(events, failures)

    def stream(self, photos: Photos, aggregation: str = "mean") -> Iterator[Outcome]:
        """As `predict`, event by event while they come: for more photos than memory should hold the answers of."""
        combine = plugins().get(Aggregation, aggregation)
        return predict(self.model, self.reading, _events(photos), combine, self.config)


def classifier(
    path: Path, engine: Engine, batch_size: int | None, truncated: Truncated, threshold: float | None
) -> Classifier:
    """See `ctc.load_model`."""
    model = load_model(path, engine)
    size = batch_size or (ON_DEVICE if model.on_device else ON_CPU)[0]
    return Classifier(model, reading_of(model.info, threshold), PipelineConfig(size, engine.workers, truncated))


def _events(photos: Photos) -> Iterator[Event]:
    if isinstance(photos, Mapping):
        return (Event(name, tuple(map(str, paths))) for name, paths in photos.items())
    return (Event(str(path), (str(path),)) for path in photos)
