"""A run of `ctc embed`: features as a kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ctc.errors import UsageError
from ctc.features.embed.dataset_events import DatasetEvents, is_dataset
from ctc.features.embed.task import EmbedTask, FeatureCodec
from ctc.features.store import FEATURE_SIZE, write_embeddings
from ctc.inference.config import RunConfig
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import COMMAND, RunHeader
from ctc.inference.run.photo_run import PhotoRun, find_sources, prepare_photo_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile
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
    """The options of `ctc embed`."""

    def task_identity(self) -> Mapping[str, Any]:
        """See `RunConfig`."""
        return {COMMAND: EMBED}


@dataclass(frozen=True)
class EmbedKind:
    """`ctc embed`, see `RunKind`."""

    command: str = EMBED
    done: str = "embedded"

    def check(self, config: EmbedConfig, plugins: Plugins) -> EmbedConfig:
        """Return the options; raises UsageError where a dataset can't be used with them."""
        del plugins
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

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> Model:
        """Open a model with features."""
        return open_model(file, runtime, needs="features")

    def task(self, config: EmbedConfig, network: Model) -> EmbedTask:
        """See `RunKind`."""
        del network
        return EmbedTask(None if _is_dataset_run(config) else str(Path.cwd()))

    def codec(self, header: RunHeader) -> FeatureCodec:
        """See `RunKind`."""
        return FeatureCodec(int(header.settings[FEATURE_SIZE]))


def prepare_embed(config: EmbedConfig, plugins: Plugins) -> PhotoRun:
    """Check output, options, model and sources, fastest first.

    Raises CtcError for the first check that fails.
    """
    return prepare_photo_run(config, EmbedKind(), plugins, find_embed_events)


def find_embed_events(config: EmbedConfig) -> EventCollection:
    """Return the events of photos, folders and tables, or of a dataset's records."""
    if _is_dataset_run(config):
        return EventCollection((DatasetEvents.open(config.sources[0]),))
    return find_sources(config)


def _is_dataset_run(config: EmbedConfig) -> bool:
    return len(config.sources) == 1 and is_dataset(config.sources[0])
