"""A run of `ctc predict`: classification as a kind of run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ctc.inference.classification import ClassificationCodec, ClassificationTask
from ctc.inference.config import PredictConfig
from ctc.inference.journal.header import PREDICT, RunHeader
from ctc.inference.postprocess import make_postprocessor
from ctc.inference.run.output_checks import choose_format
from ctc.inference.run.photo_run import PhotoRun, prepare_photo_run
from ctc.plugin import Aggregation, OutputFormat
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import bind_options, own_options
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile
from ctc.runtime.session import Model, open_model

PredictRun = PhotoRun


@dataclass(frozen=True)
class PredictKind:
    """`ctc predict`, see `RunKind`."""

    command: str = PREDICT
    done: str = "predicted"

    def check(self, config: PredictConfig, plugins: Plugins) -> PredictConfig:
        """Return the options, of those of aggregations the ones of the chosen aggregation."""
        aggregation = plugins.get(Aggregation, config.aggregation)
        own = own_options(aggregation, config.aggregation_options)
        bind_options(aggregation, own)
        return replace(config, aggregation_options=own)

    def choose_format(self, output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
        """See `RunKind`."""
        return choose_format(output, name, plugins)

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> Model:
        """Open a model with labels."""
        return open_model(file, runtime)

    def task(self, config: PredictConfig, network: Model) -> ClassificationTask:
        """See `RunKind`; raises CtcError for a class list that doesn't fit the model."""
        postprocessor = make_postprocessor(
            network.info, config.threshold, config.class_list, config.strangers
        )
        return ClassificationTask(postprocessor, config.aggregation, config.aggregation_options)

    def codec(self, header: RunHeader) -> ClassificationCodec:
        """See `RunKind`."""
        return ClassificationCodec(header.schema)


def prepare_run(config: PredictConfig, plugins: Plugins) -> PhotoRun:
    """Check output, options, model and sources, fastest first.

    Raises CtcError for the first check that fails.
    """
    return prepare_photo_run(config, PredictKind(), plugins)
