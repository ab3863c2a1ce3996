"""Prediction from Python: `ctc.load_model("model.onnx").predict(paths)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import EventResult, PipelineConfig, predict
from ctc.inference.postprocess import Postprocessor, make_postprocessor
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.runtime.batch_size import CPU_BATCH_SIZES, DEVICE_BATCH_SIZES
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import Model, load_model

StrPath = str | Path
PhotoPaths = Iterable[StrPath] | Mapping[str, Iterable[StrPath]]


class Predictions(NamedTuple):
    """Predictions and failures in the order of the input; every photo is in one of the two."""

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
        """The metadata of the model file: labels and classes, preprocessing, provenance."""
        return self.model.info

    def predict(self, photos: PhotoPaths, aggregation: str = "mean") -> Predictions:
        """Predict photos.

        `photos`: paths, each an event with the path as id; or a mapping from event ids to the paths
        of each event. A photo that can't be used raises nothing but becomes a Failure with the
        reason. Raises CtcError when the network can't be run, or when there is no such aggregation.
        """
        events: list[EventPrediction] = []
        failures: list[Failure] = []
        for result in self.stream(photos, aggregation):
            failures += result.failures
            events += [result.prediction] if result.prediction else []
        return Predictions(events, failures)

    def stream(self, photos: PhotoPaths, aggregation: str = "mean") -> Iterator[EventResult]:
        """Predict photos and yield the result of each event, for more than fit into memory.

        See `predict`.
        """
        combine = plugins().get(Aggregation, aggregation)
        return predict(self.model, self.postprocessor, _events(photos), combine, self.config)


def load_classifier(
    path: Path, runtime: RuntimeConfig, truncated: TruncatedPolicy, threshold: float | None
) -> Classifier:
    """Open a model; see `ctc.load_model`."""
    model = load_model(path, runtime)
    sizes = DEVICE_BATCH_SIZES if model.is_on_device else CPU_BATCH_SIZES
    resolved = replace(model.runtime, batch_size=runtime.batch_size or sizes[0])
    return Classifier(
        model, make_postprocessor(model.info, threshold), PipelineConfig(resolved, truncated)
    )


def _events(photos: PhotoPaths) -> Iterator[Event]:
    if isinstance(photos, Mapping):
        return (Event(name, tuple(map(str, paths))) for name, paths in photos.items())
    return (Event(str(path), (str(path),)) for path in photos)
