"""A run of `ctc embed`: features as a kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ctc.artifacts.model.detector import Category
from ctc.detection.detector import DetectionConfig
from ctc.detection.tiles import TileConfig
from ctc.errors import UsageError
from ctc.features.embed.animals import AnimalFeatureCodec, EmbedAnimalsTask
from ctc.features.embed.dataset_events import DatasetEvents, is_dataset
from ctc.features.embed.task import EmbedTask, FeatureCodec
from ctc.features.store import DETECTOR, FEATURE_SIZE, write_embeddings
from ctc.inference.animal_crops import TwoNetworks, check_not_stacked, open_networks
from ctc.inference.config import RunConfig, boxes_identity
from ctc.inference.detection import DetectionCodec, DetectionTask
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import COMMAND, RunHeader
from ctc.inference.run.detect_run import read_repeats
from ctc.inference.run.photo_run import PhotoRun, find_sources, prepare_photo_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile, read_model
from ctc.runtime.session import Model, open_model

EMBED = "embed"
SUFFIX = ".parquet"
FORMAT = OutputFormat(
    "embeddings",
    "the features of each photo",
    (SUFFIX,),
    cast("Any", write_embeddings),  # it writes events of features, not of predictions
)


@dataclass(frozen=True)
class EmbedConfig(RunConfig):
    """The options of `ctc embed`.

    `detector`: the file of a detector, whose animals are embedded in place of whole photos;
    `boxes`, `tiles`, `repeats`: see `PredictConfig`.
    """

    detector: Path | None = None
    boxes: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = field(default_factory=TileConfig)
    repeats: Path | None = None

    def task_identity(self) -> Mapping[str, Any]:
        """See `RunConfig`."""
        if self.detector is None:
            return {COMMAND: EMBED}
        return {
            COMMAND: EMBED,
            **boxes_identity(self.boxes, self.tiles, self.repeats),
            "--detector": read_model(self.detector).digest,
        }


@dataclass(frozen=True)
class EmbedKind:
    """`ctc embed`, see `RunKind`; `detector`: the file of a detector, or none."""

    command: str = EMBED
    done: str = "embedded"
    detector: Path | None = None

    def check(self, config: EmbedConfig, plugins: Plugins) -> EmbedConfig:
        """Return the options; raises UsageError where a dataset can't be used with them."""
        del plugins
        if config.detector is not None and config.decode != "cpu":
            raise UsageError("--detector needs --decode cpu: leave one of them out")
        read_repeats(config.repeats)
        datasets = [source for source in config.sources if is_dataset(source)]
        if not datasets:
            return config
        if len(config.sources) > 1:
            raise UsageError(f"'{datasets[0]}' is a dataset: embed it alone")
        if config.engine:
            raise UsageError(
                "an engine's workers read photos from files, not from a dataset: leave --engine"
                " out, or add --shard"
            )
        given = {
            "--image": config.columns,
            "--image-root": config.image_root,
            "--events-within": config.events_within,
            "--clock-offset": config.clock_offset,
            "--detector": config.detector,
            "--update": config.update,
        }
        if unused := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"{unused[0]} is not for a dataset: leave it out")
        return config

    def choose_format(self, output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
        """Return the only format; raises UsageError for the suffix or name of another."""
        del plugins
        if name not in (None, FORMAT.name):
            raise UsageError(f"embeddings are written as Parquet, not as '{name}'")
        if output.suffix.lower() != SUFFIX:
            raise UsageError(f"embeddings are written as Parquet: end '{output}' with '{SUFFIX}'")
        return FORMAT

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> Model | TwoNetworks:
        """Open a model with features, and the detector if there is one."""
        if self.detector is None:
            return open_model(file, runtime, needs="features")
        return open_networks(file, self.detector, runtime, needs="features")

    def task(
        self, config: EmbedConfig, network: Model | TwoNetworks
    ) -> EmbedTask | EmbedAnimalsTask:
        """See `RunKind`; raises UsageError for a model that a detector can't be used with."""
        folder = None if _is_dataset_run(config) else str(Path.cwd())
        if isinstance(network, Model):
            return EmbedTask(folder)
        check_not_stacked(network.classifier)
        detection = DetectionTask(config.boxes, config.tiles, read_repeats(config.repeats))
        return EmbedAnimalsTask(network.detector.path, detection, folder)

    def decisions(self, *_: Any) -> Mapping[str, Any]:
        """Return none: nothing is decided about features."""
        return {}

    def codec(self, header: RunHeader) -> FeatureCodec | AnimalFeatureCodec:
        """See `RunKind`."""
        features = FeatureCodec(int(header.settings[FEATURE_SIZE]))
        if DETECTOR not in header.settings:
            return features
        categories = tuple(Category(*one) for one in header.settings["categories"])
        return AnimalFeatureCodec(features, DetectionCodec(categories))


def prepare_embed(config: EmbedConfig, plugins: Plugins) -> PhotoRun:
    """Check output, options, model and sources, fastest first.

    Raises CtcError for the first check that fails.
    """
    return prepare_photo_run(
        config, EmbedKind(detector=config.detector), plugins, find_embed_events
    )


def find_embed_events(config: EmbedConfig) -> EventCollection:
    """Return the events of photos, folders and tables, or of a dataset's records."""
    if _is_dataset_run(config):
        return EventCollection((DatasetEvents.open(config.sources[0]),))
    return find_sources(config)


def _is_dataset_run(config: EmbedConfig) -> bool:
    return len(config.sources) == 1 and is_dataset(config.sources[0])
