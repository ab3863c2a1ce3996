"""Prediction from Python: `ctc.load_model("model.onnx").predict(paths)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.inference.events.event import Event
from ctc.inference.pipeline.inputs import TruncatedPolicy
from ctc.inference.pipeline.pipeline import EventResult, PipelineConfig, predict
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.runtime.batch_size import CPU_BATCH_SIZES, DEVICE_BATCH_SIZES
from ctc.runtime.providers import RuntimeConfig
from ctc.runtime.session import Model, load_model

StrPath = str | Path
PhotoPaths = Iterable[StrPath] | Mapping[str, Iterable[StrPath]]


class Predictions(NamedTuple):
    """In the order of the input; every photo is in one of the two."""

    events: list[EventPrediction]
    failures: list[Failure]


@dataclass(frozen=True)
class Classifier:
    """A model that is ready to predict, made by `ctc.load_model`. Threads may share it."""

    model: Model
    postprocessor: Postprocessor
    config: PipelineConfig

    @property
    def info(self) -> ModelInfo:
        """What the model file says of itself: labels and classes, preprocessing, where it comes
        from."""
        return self.model.info

    def predict(self, photos: PhotoPaths, aggregation: str = "mean") -> Predictions:
        """What the model says of `photos`: paths, each an event of its own with the path as id; or
        for each event id its paths.

        A photo that can't be used raises nothing but is a Failure with the reason. Raises CtcError
        when the network can't be run, or there is no such aggregation."""
        events: list[EventPrediction] = []
        failures: list[Failure] = []
        for outcome in self.stream(photos, aggregation):
            failures += outcome.failures
            events += [outcome.prediction] if outcome.prediction else []
        return Predictions(events, failures)

    def stream(self, photos: PhotoPaths, aggregation: str = "mean") -> Iterator[EventResult]:
        """As `predict`, event by event while they come: for more photos than memory should hold the
        answers of."""
        combine = plugins().get(Aggregation, aggregation)
        return predict(self.model, self.postprocessor, _events(photos), combine, self.config)


def load_classifier(
    path: Path,
    runtime: RuntimeConfig,
    batch_size: int | None,
    truncated: TruncatedPolicy,
    threshold: float | None,
) -> Classifier:
    """See `ctc.load_model`."""
    model = load_model(path, runtime)
    size = batch_size or (DEVICE_BATCH_SIZES if model.is_on_device else CPU_BATCH_SIZES)[0]
    return Classifier(
        model,
        make_postprocessor(model.info, threshold),
        PipelineConfig(size, runtime.workers, truncated),
    )


def _events(photos: PhotoPaths) -> Iterator[Event]:
    if isinstance(photos, Mapping):
        return (Event(name, tuple(map(str, paths))) for name, paths in photos.items())
    return (Event(str(path), (str(path),)) for path in photos)
