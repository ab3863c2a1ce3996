"""What a command with a photo task adds to a run: how its network is opened, asked and written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ctc.artifacts.label_schema import LabelSchema
from ctc.inference.config import RunConfig
from ctc.inference.events.sources import EventCollection
from ctc.inference.journal.header import RunHeader
from ctc.inference.task import AnswerCodec, Network, PhotoTask
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.model_bytes import ModelFile

ConfigT = TypeVar("ConfigT", bound=RunConfig)


class RunKind(Protocol[ConfigT]):
    """A command whose run is a photo task on many photos, as `ctc predict`."""

    @property
    def command(self) -> str:
        """The name of the command, as in the header of its journals."""

    @property
    def done(self) -> str:
        """The past participle for messages: events are 'predicted'."""

    def check(self, config: ConfigT, plugins: Plugins) -> ConfigT:
        """Return the options, those that defaults decide filled in; raises UsageError."""

    def choose_format(self, output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
        """Return the format of the output, by its name or suffix; raises UsageError."""

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> Network:
        """Open the network; raises CtcError when it can't be run, or doesn't suit the task."""

    def task(self, config: ConfigT, network: Any) -> PhotoTask[Any, Any]:
        """Return the task for a network that `open` returned."""

    def decisions(
        self, config: ConfigT, network: Any, schema: LabelSchema, events: EventCollection
    ) -> Mapping[str, Any]:
        """Return the settings of the decisions to be made about events, by name; raises CtcError.

        `schema`: the labels of the answers.
        """

    def codec(self, header: RunHeader) -> AnswerCodec[Any, Any]:
        """Return the codec of a run's journal."""
