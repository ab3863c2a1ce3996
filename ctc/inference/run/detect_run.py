"""A run of `ctc detect`: detection as a kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.model.detector import Category
from ctc.artifacts.repeats import RepeatList
from ctc.detection.detector import DetectionConfig, OpenDetector
from ctc.detection.opening import open_detector
from ctc.detection.outputs.formats import choose_format
from ctc.detection.tiles import TileConfig
from ctc.inference.config import RunConfig, boxes_identity
from ctc.inference.detection import NO_TILES, DetectionCodec, DetectionTask
from ctc.inference.journal.header import RunHeader
from ctc.inference.run.photo_run import PhotoRun, prepare_photo_run
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile

DETECT = "detect"


@dataclass(frozen=True)
class DetectConfig(RunConfig):
    """The options of `ctc detect`; `repeats`: the file of a `RepeatList`."""

    boxes: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = NO_TILES
    repeats: Path | None = None

    def task_identity(self) -> Mapping[str, Any]:
        """See `RunConfig`."""
        return {"command": DETECT, **boxes_identity(self.boxes, self.tiles, self.repeats)}


@dataclass(frozen=True)
class DetectKind:
    """`ctc detect`, see `RunKind`."""

    command: str = DETECT
    done: str = "searched"

    def check(self, config: DetectConfig, plugins: Plugins) -> DetectConfig:  # noqa: ARG002
        """Return the options as they are; raises CtcError for a list of repeats that is none."""
        read_repeats(config.repeats)
        return config

    def choose_format(
        self,
        output: Path,
        name: str | None,
        plugins: Plugins,  # noqa: ARG002
    ) -> OutputFormat:
        """Return one of the formats of boxes; raises UsageError."""
        return choose_format(output, name)

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> OpenDetector:
        """Open a detector."""
        return open_detector(file, runtime)

    def task(self, config: DetectConfig, network: OpenDetector) -> DetectionTask:  # noqa: ARG002
        """See `RunKind`."""
        return DetectionTask(config.boxes, config.tiles, read_repeats(config.repeats))

    def decisions(self, *_: Any) -> Mapping[str, Any]:
        """Return none: nothing is decided about boxes."""
        return {}

    def codec(self, header: RunHeader) -> DetectionCodec:
        """See `RunKind`."""
        return DetectionCodec(tuple(Category(*one) for one in header.settings["categories"]))


def read_repeats(path: Path | None) -> RepeatList | None:
    """Return the list of repeats in a file, if there is one; raises CtcError."""
    return None if path is None else RepeatList.read(path)


def prepare_detection(config: DetectConfig, plugins: Plugins) -> PhotoRun:
    """Check output, options, detector and sources, fastest first; raises CtcError."""
    return prepare_photo_run(config, DetectKind(), plugins)
