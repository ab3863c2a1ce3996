"""An engine bound to its options, and the context that its workers need."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc._version import __version__
from ctc.errors import InputError, UsageError
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import option_values
from ctc.plugin.records import Engine, Task


@dataclass(frozen=True)
class BoundEngine:
    """An engine with a value for each of its options."""

    engine: Engine
    options: Mapping[str, Any]

    @classmethod
    def resolve(cls, name: str, provided: Mapping[str, Any], plugins: Plugins) -> BoundEngine:
        """Return the engine `name` with its options; `provided` are the given ones, by key.

        Raises UsageError if there is no such engine or option, or the engine can't run here.
        """
        engine = plugins.get(Engine, name)
        obstacle = engine.available()
        if obstacle is not None:
            raise UsageError(f"the engine '{name}' can't run here: {obstacle}")
        return cls(engine, option_values(engine, provided))

    def map(self, task: Task, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Run the task on all parts; see `ctc.plugin.Engine`."""
        return self.engine.map(task, parts, self.options)


@dataclass(frozen=True)
class WorkerContext:
    """Where the command runs, for workers on other machines.

    `working_folder`: the folder that relative paths start from. `version`: of ctc.
    """

    working_folder: Path
    version: str = __version__

    def enter(self) -> None:
        """Change to the working folder.

        Raises InputError if this machine has no such folder, or another version of ctc.
        """
        machine = platform.node()
        if self.version != __version__:
            raise InputError(
                f"'{machine}' has ctc {__version__}, not {self.version}: "
                "install the same version on all machines"
            )
        try:
            os.chdir(self.working_folder)
        except OSError:
            raise InputError(
                f"'{machine}' has no folder '{self.working_folder}': photos, models and outputs "
                "must have the same paths on all machines"
            ) from None
