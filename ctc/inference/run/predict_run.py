"""A run of `ctc predict`: classification as a kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.detector import Category
from ctc.artifacts.model.promises import PredictionSetup, Unit
from ctc.errors import UsageError
from ctc.inference.animal_crops import TwoNetworks, open_networks
from ctc.inference.box_classification import (
    BoxClassificationCodec,
    BoxClassificationTask,
    box_postprocessor,
)
from ctc.inference.cascade import Cascade, CascadeTask
from ctc.inference.classification import ClassificationCodec, ClassificationTask
from ctc.inference.config import PredictConfig, detector_setup
from ctc.inference.decisions.choice import AnswerFacts, choose_decisions
from ctc.inference.decisions.fusion import needs_whole, own_fusion
from ctc.inference.decisions.geofence.choice import check_place_columns
from ctc.inference.decisions.priors.choice import check_prior_column
from ctc.inference.detection import DetectionCodec, DetectionTask
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import PREDICT, RunHeader
from ctc.inference.own_aggregation import check_whole_photos, read_own_aggregation
from ctc.inference.postprocess import make_postprocessor
from ctc.inference.prediction_setup import prediction_setup
from ctc.inference.run.detect_run import read_repeats
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
    """`ctc predict`, see `RunKind`; `detector`: the file of a detector, or none."""

    command: str = PREDICT
    done: str = "predicted"
    detector: Path | None = None

    def check(self, config: PredictConfig, plugins: Plugins) -> PredictConfig:
        """Return the options, of those of aggregations the ones of the chosen aggregation."""
        if config.detector is not None and config.decode != "cpu":
            raise UsageError("--detector needs --decode cpu: leave one of them out")
        if config.cascade and (config.detector is None or config.class_list is not None):
            raise UsageError("--cascade needs --detector, and all classes: leave out --classes")
        if config.flips and config.decode != "cpu":
            raise UsageError("--flips needs --decode cpu: leave one of them out")
        read_repeats(config.repeats)
        for name in ("per_box", "crops"):
            if config.format_options.get(name) and config.detector is None:
                option = name.replace("_", "-")
                raise UsageError(f"--{option} needs boxes: predict with --detector")
        name = read_own_aggregation(
            config.aggregation,
            config.model,
            detector=config.detector is not None,
            flips=config.flips,
        )
        aggregation = plugins.get(Aggregation, name)
        check_whole_photos(aggregation, config.detector is not None)
        own = own_options(aggregation, config.aggregation_options)
        bind_options(aggregation, own)
        return replace(config, aggregation=aggregation.name, aggregation_options=own)

    def choose_format(self, output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
        """See `RunKind`."""
        return choose_format(output, name, plugins)

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> Model | TwoNetworks:
        """Open a model with labels, and the detector if there is one."""
        if self.detector is None:
            return open_model(file, runtime)
        return open_networks(file, self.detector, runtime)

    def task(
        self, config: PredictConfig, network: Model | TwoNetworks
    ) -> ClassificationTask | BoxClassificationTask:
        """See `RunKind`; raises CtcError for a class list that doesn't fit the model."""
        if isinstance(network, Model):
            postprocessor = make_postprocessor(
                network.info,
                config.threshold,
                config.class_list,
                config.strangers,
                run_setup(config, "event"),
            )
            return ClassificationTask(
                postprocessor, config.aggregation, config.aggregation_options, config.flips
            )
        setup = run_setup(config, "event")
        fusion = own_fusion(network.classifier.info.promises, setup.detector)
        task = BoxClassificationTask(
            network.detector.path,
            DetectionTask(config.boxes, config.tiles, read_repeats(config.repeats)),
            box_postprocessor(
                network.classifier,
                config.threshold,
                config.class_list,
                run_setup(config, "event"),
            ),
            config.aggregation,
            config.aggregation_options,
            config.flips,
            needs_whole(fusion),
        )
        if not config.cascade:
            return task
        found = Cascade.promised(network.classifier.info, setup)
        given = {one.name: getattr(task, one.name) for one in fields(task)}
        return CascadeTask(**given, cascade=found)

    def decisions(
        self,
        config: PredictConfig,
        network: Model | TwoNetworks,
        schema: LabelSchema,
        events: EventCollection,
    ) -> Mapping[str, Any]:
        """See `RunKind`; raises CtcError for a decision that can't be made."""
        info = network.info if isinstance(network, Model) else network.classifier.info
        check_place_columns(config, events.meta_columns)
        check_prior_column(config, events.meta_columns)
        setup = run_setup(config, events.unit)
        if config.cascade and events.unit == "photo":
            raise UsageError(
                "--cascade is promised for events: group photos with --events-within, or give a "
                "table of events"
            )
        return choose_decisions(config, AnswerFacts(info, schema, setup))

    def codec(self, header: RunHeader) -> ClassificationCodec | BoxClassificationCodec:
        """See `RunKind`."""
        classes = ClassificationCodec(header.schema)
        if "detector" not in header.settings:
            return classes
        categories = tuple(Category(*one) for one in header.settings["categories"])
        return BoxClassificationCodec(classes, DetectionCodec(categories))


def run_setup(config: PredictConfig, unit: Unit) -> PredictionSetup:
    """Return how a run makes its predictions; `unit`: that of its events."""
    detector = detector_setup(config.detector, config.boxes, config.tiles, config.cascade)
    setup = prediction_setup(config.aggregation, config.aggregation_options, detector, config.flips)
    return setup if unit == "event" else setup.of_photos


def prepare_run(config: PredictConfig, plugins: Plugins) -> PhotoRun:
    """Check output, options, model and sources, fastest first.

    Raises CtcError for the first check that fails.
    """
    return prepare_photo_run(config, PredictKind(detector=config.detector), plugins)
