"""Prediction from Python: `ctc.load_model("model.onnx").predict(paths)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple, get_args

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import UsageError, did_you_mean
from ctc.inference.classification import EventResult, predict
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.given_photos import Photos, given_events
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import (
    WHOLE_PHOTOS,
    ClassList,
    Postprocessor,
    make_postprocessor,
)
from ctc.inference.prediction_setup import prediction_setup
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options
from ctc.runtime.batch_size import CPU_BATCH_SIZES, DEVICE_BATCH_SIZES
from ctc.runtime.config import Precision, ProviderName, RuntimeConfig
from ctc.runtime.session import Model, load_model

MAX_BATCH_SIZE, MAX_THREADS = 4096, 1024


class Predictions(NamedTuple):
    """Predictions and failures in the order of the input; every photo is in one of the two."""

    events: list[EventPrediction]
    failures: list[Failure]


@dataclass(frozen=True)
class Classifier:
    """A model that is ready to predict, made by `ctc.load_model`. Threads may share it.

    `threshold`: see `make_postprocessor`.
    """

    model: Model
    postprocessor: Postprocessor
    config: PipelineConfig
    threshold: float | None = None

    @property
    def info(self) -> ModelInfo:
        """The metadata of the model file: labels and classes, preprocessing, provenance."""
        return self.model.info

    def predict(self, photos: Photos, aggregation: str = "mean") -> Predictions:
        """Predict photos.

        `photos`: photos, each an event with its path as id; or a mapping from event ids to the
        photos of each event. A photo is a path or URL, the contents of a file as bytes, or RGB
        pixels as an array, uint8 (height, width, 3); one in memory has its place as path, such as
        'photo 0'. A photo that can't be used raises nothing but becomes a Failure with the reason.
        The model's own thresholds apply where they were fitted for the aggregation.
        Raises CtcError when the network can't be run, when there is no such aggregation, or when
        `photos` is a single photo or holds something else.
        """
        events: list[EventPrediction] = []
        failures: list[Failure] = []
        for result in self.stream(photos, aggregation):
            failures += result.failures
            events += [result.prediction] if result.prediction else []
        return Predictions(events, failures)

    def stream(self, photos: Photos, aggregation: str = "mean") -> Iterator[EventResult]:
        """Predict photos and yield the result of each event, for more than fit into memory.

        See `predict`.
        """
        combine = bind_options(plugins().get(Aggregation, aggregation), {})
        postprocessor = self._postprocessor(prediction_setup(aggregation, {}))
        return predict(self.model, postprocessor, given_events(photos), combine, self.config)

    def _postprocessor(self, setup: PredictionSetup) -> Postprocessor:
        """Return the postprocessor with the thresholds that were fitted for the setup."""
        if setup == WHOLE_PHOTOS:
            return self.postprocessor
        labels = self.postprocessor.schema.labels
        kept = {label: labels[label] for label in self.postprocessor.kept_indices}
        return make_postprocessor(self.info, self.threshold, kept or None, setup=setup)


def load_classifier(
    path: Path,
    runtime: RuntimeConfig,
    truncated: TruncatedPolicy,
    threshold: float | None,
    classes: ClassList | None = None,
) -> Classifier:
    """Check the arguments and open a model; see `ctc.load_model`."""
    _check_choice("provider", runtime.provider, get_args(ProviderName))
    _check_choice("precision", runtime.precision, get_args(Precision))
    _check_choice("truncated", truncated, get_args(TruncatedPolicy))
    _check_number("threads", runtime.threads, 1, MAX_THREADS, Integral)
    if runtime.batch_size is not None:
        _check_number("batch_size", runtime.batch_size, 1, MAX_BATCH_SIZE, Integral)
    if threshold is not None:
        _check_number("threshold", threshold, 0, 1, Real)
    model = load_model(path, runtime)
    sizes = DEVICE_BATCH_SIZES if model.is_on_device else CPU_BATCH_SIZES
    resolved = replace(model.runtime, batch_size=runtime.batch_size or sizes[0])
    postprocessor = make_postprocessor(model.info, threshold, classes)
    return Classifier(model, postprocessor, PipelineConfig(resolved, truncated), threshold)


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"there is no {name} {value!r}{did_you_mean(str(value), choices)}")


def _check_number(name: str, value: Any, lowest: int, highest: int, kind: Any) -> None:
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    if not (is_number and lowest <= value <= highest):
        article = "a whole number" if kind is Integral else "a number"
        raise UsageError(f"{name} is {value!r}: give {article} from {lowest} to {highest}")
